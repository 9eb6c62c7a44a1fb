//! An opt-in token confirms one sign-up, once; and a request that carries a token of its own is
//! carried out once, without a table of requests.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[factum(context = "sign-up")]
pub enum SignUpEvent {
    /// Somebody wants to sign up, and was sent a token.
    Initiated {
        /// The token.
        #[factum(tag)]
        token: String,
        /// Who.
        email: String,
    },
    /// The token came back.
    Confirmed {
        /// The token.
        #[factum(tag)]
        token: String,
        /// Who.
        email: String,
    },
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nobody was sent this token.
    #[error("there is no such token")]
    Unknown,
    /// It was used before.
    #[error("the token was used before")]
    Used,
}

/// The sign-up that a token stands for.
#[derive(Debug)]
pub struct SignUp {
    token: String,
    email: Option<String>,
    used: bool,
}

impl SignUp {
    fn of(token: &str) -> Self {
        Self { token: token.into(), email: None, used: false }
    }
}

impl DecisionModel for SignUp {
    type Event = SignUpEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("token", &self.token)?.into())
    }

    fn evolve(&mut self, event: &SignUpEvent) {
        match event {
            SignUpEvent::Initiated { email, .. } => self.email = Some(email.clone()),
            SignUpEvent::Confirmed { .. } => self.used = true,
        }
    }
}

/// Sends a token. The token makes the request idempotent: sent twice, it is carried out once.
#[derive(Clone, Debug)]
pub struct Initiate {
    /// The token, made by whoever asks.
    pub token: String,
    /// Who.
    pub email: String,
}

impl Decision for Initiate {
    const NAME: &'static str = "initiate-sign-up";
    type Models = SignUp;
    type Error = TokenError;

    fn models(&self) -> SignUp {
        SignUp::of(&self.token)
    }

    fn decide(&self, sign_up: &SignUp) -> Result<Vec<SignUpEvent>, TokenError> {
        if sign_up.email.is_some() {
            return Ok(vec![]); // Carried out already; asking again is fine.
        }
        let (token, email) = (self.token.clone(), self.email.clone());
        Ok(vec![SignUpEvent::Initiated { token, email }])
    }
}

/// Uses a token.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The token.
    pub token: String,
}

impl Decision for Confirm {
    const NAME: &'static str = "confirm-sign-up";
    type Models = SignUp;
    type Error = TokenError;

    fn models(&self) -> SignUp {
        SignUp::of(&self.token)
    }

    fn decide(&self, sign_up: &SignUp) -> Result<Vec<SignUpEvent>, TokenError> {
        let email = sign_up.email.clone().ok_or(TokenError::Unknown)?;
        if sign_up.used {
            return Err(TokenError::Used);
        }
        Ok(vec![SignUpEvent::Confirmed { token: self.token.clone(), email }])
    }
}
