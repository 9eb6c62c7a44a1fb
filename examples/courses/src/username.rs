//! A user name belongs to one user; a name that was given up is free again at once.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[factum(context = "user")]
pub enum UserEvent {
    /// Somebody registered.
    Registered {
        /// The name.
        #[factum(tag)]
        username: String,
    },
    /// Somebody left.
    Left {
        /// The name.
        #[factum(tag)]
        username: String,
    },
    /// Somebody took another name.
    Renamed {
        /// The name given up.
        #[factum(tag = "username")]
        from: String,
        /// The name taken.
        #[factum(tag = "username")]
        to: String,
    },
}

/// The name belongs to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name is taken")]
pub struct Taken;

/// Whether a name is taken.
#[derive(Debug)]
pub struct Name {
    username: String,
    taken: bool,
}

impl DecisionModel for Name {
    type Event = UserEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("username", &self.username)?.into())
    }

    fn evolve(&mut self, event: &UserEvent) {
        self.taken = match event {
            UserEvent::Registered { .. } => true,
            UserEvent::Left { .. } => false,
            UserEvent::Renamed { to, .. } => *to == self.username,
        };
    }
}

/// Registers a user under a name.
#[derive(Clone, Debug)]
pub struct Register {
    /// The name.
    pub username: String,
}

impl Decision for Register {
    const NAME: &'static str = "register-user";
    type Models = Name;
    type Error = Taken;

    fn models(&self) -> Name {
        Name { username: self.username.clone(), taken: false }
    }

    fn decide(&self, name: &Name) -> Result<Vec<UserEvent>, Taken> {
        if name.taken {
            return Err(Taken);
        }
        Ok(vec![UserEvent::Registered { username: self.username.clone() }])
    }
}
