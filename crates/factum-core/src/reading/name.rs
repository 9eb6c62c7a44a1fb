//! Names of what reads, of who runs it, and of what is kept in order.

use crate::name::{check_identifier, check_text, text_name};

text_name!(
    /// A subscription's name, unique among those of its tenant: ASCII letters, digits, `.`, `_`, `-`.
    SubscriptionName, "subscription", check_identifier, crate::limits::SUBSCRIPTION_BYTES_MAX
);

text_name!(
    /// Who runs a subscription: one loop of one process, told from every other one.
    OwnerId, "owner", check_text, crate::limits::OWNER_BYTES_MAX
);

text_name!(
    /// What events are kept in order by: the stream's name, unless chosen otherwise.
    LaneKey, "key", check_text, crate::limits::LANE_KEY_BYTES_MAX
);

impl LaneKey {
    /// The key that stands for any text: the text itself where it is a key, else its digest.
    pub fn of(text: &str) -> Self {
        Self::new(text)
            .unwrap_or_else(|_| Self(blake3::hash(text.as_bytes()).to_hex().as_str().into()))
    }
}
