//! Names one append of a whole run.

use factum_core::{EventId, TenantId};
use serde::{Deserialize, Serialize};

/// One append: by which writer of which child in which round, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) round: u32,
    pub(crate) child: u32,
    pub(crate) writer: u32,
    pub(crate) number: u32,
}

impl Label {
    /// The tenant it writes to: writers take turns.
    pub(crate) fn tenant(self) -> TenantId {
        let name = if self.writer.is_multiple_of(2) { "even" } else { "odd" };
        TenantId::new(name).expect("the two names are valid")
    }

    /// The random numbers that belong to it.
    pub(crate) fn random(self, seed: u64) -> fastrand::Rng {
        let id = EventId::from_content(&[&seed.to_le_bytes(), self.to_string().as_bytes()]);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&id.as_bytes()[8..]);
        fastrand::Rng::with_seed(u64::from_le_bytes(bytes))
    }

    /// The id of its event number `index`.
    pub(crate) fn event_id(self, seed: u64, index: usize) -> EventId {
        let (seed, index) = (seed.to_le_bytes(), (index as u64).to_le_bytes());
        EventId::from_content(&[&seed, self.to_string().as_bytes(), &index])
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.round, self.child, self.writer, self.number)
    }
}
