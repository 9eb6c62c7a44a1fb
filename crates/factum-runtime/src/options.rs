//! What one execution asks for beside the command.

use factum_core::{
    Claim, ClaimChange, Command, CommandDigest, CommandId, CommandTarget, DigestError, Expected,
    Metadata, Timestamp,
};
use serde::Serialize;

/// What one execution asks for beside the command. All of it is optional.
///
/// # Examples
///
/// ```
/// use factum_core::{Claim, CommandId, Expected, Revision};
/// use factum_runtime::Options;
///
/// let options = Options::default()
///     .command_id(CommandId::new("form-4711")?)
///     .expecting(Expected::Revision(Revision::new(7)))
///     .take(Claim::new("email", "ann@example.org")?);
/// assert_eq!(options.claims.len(), 1);
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Makes a repetition give the first answer and do nothing.
    pub command_id: Option<CommandId>,
    /// What the command asks for. With it, the command id on another command is refused; without
    /// it, whatever comes under a known id gets the first answer.
    pub command_digest: Option<CommandDigest>,
    /// When the store may forget the command id; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Where the caller last saw the stream. If it is elsewhere the command is refused as a
    /// conflict, without being tried again: somebody has to look at what changed.
    pub expected: Option<Expected>,
    /// Unique values that the first new event takes and releases, beside those that the events
    /// declare themselves. Without a new event nothing is taken or released.
    pub claims: Vec<ClaimChange>,
    /// Further facts, written on every new event beside those of the context.
    pub metadata: Metadata,
}

impl Options {
    /// Makes a repetition give the first answer and do nothing.
    #[must_use]
    pub fn command_id(mut self, id: CommandId) -> Self {
        self.command_id = Some(id);
        self
    }

    /// Has the command id stand for `command` alone, by its [`CommandDigest`]: the same id with
    /// another command is refused as
    /// [`CommandReused`](factum_core::Refusal::CommandReused). The type that is executed need not
    /// be serialisable itself: anything that says the same will do.
    ///
    /// # Errors
    ///
    /// [`DigestError`] if the command's own `Serialize` reports an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use factum_core::CommandId;
    /// use factum_runtime::Options;
    ///
    /// let (account, cents) = ("ann", 500);
    /// let options = Options::default()
    ///     .command_id(CommandId::new("form-4711")?)
    ///     .for_command(&("deposit", account, cents))?;
    /// assert!(options.command_digest.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_command<C: Serialize + ?Sized>(self, command: &C) -> Result<Self, DigestError> {
        Ok(self.command_digest(CommandDigest::of(command)?))
    }

    /// As [`Options::for_command`], with a digest that was made before.
    #[must_use]
    pub fn command_digest(mut self, digest: CommandDigest) -> Self {
        self.command_digest = Some(digest);
        self
    }

    /// The command as stores remember it, if it has an id.
    pub(crate) fn command(&self, target: impl Into<CommandTarget>) -> Option<Command> {
        let (digest, expires_at) = (self.command_digest, self.expires_at);
        let id = self.command_id.clone()?;
        Some(Command { digest, expires_at, ..Command::new(id, target) })
    }

    /// Lets the store forget the command id at this time, by the store's clock.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Refuses the command unless the stream is where the caller last saw it.
    #[must_use]
    pub fn expecting(mut self, expected: Expected) -> Self {
        self.expected = Some(expected);
        self
    }

    /// Takes a unique value along with the first new event.
    #[must_use]
    pub fn take(mut self, claim: Claim) -> Self {
        self.claims.push(ClaimChange::Take(claim));
        self
    }

    /// Releases a unique value along with the first new event.
    #[must_use]
    pub fn release(mut self, claim: Claim) -> Self {
        self.claims.push(ClaimChange::Release(claim));
        self
    }

    /// Writes further facts on every new event.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }
}
