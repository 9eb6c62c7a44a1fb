//! Unique values, taken and released by events.

mod folding;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::limits::{CLAIM_NAME_BYTES_MAX, CLAIM_VALUE_BYTES_MAX};
use crate::name::{InvalidName, check_identifier, check_text};
use crate::{StoreError, StoreErrorKind};

/// A value that at most one stream of a tenant may hold under one name, such as an e-mail address.
///
/// The value may be [normalised](Claim::normalized), so that spellings which people take for the
/// same are the same, and [hashed](Claim::hashed), so that it never reaches storage in clear.
/// `Debug` shows the name only.
///
/// # Examples
///
/// ```
/// use factum_core::Claim;
///
/// let typed = Claim::new("email", "Ann@Example.org")?.normalized()?;
/// assert_eq!(typed, Claim::new("email", "ann@example.org")?);
/// assert!(Claim::new("email", "").is_err());
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    name: Arc<str>,
    value: Arc<str>,
}

impl Claim {
    /// Names a value.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the name is no identifier of at most [`CLAIM_NAME_BYTES_MAX`] bytes, or
    /// the value not one line of text of at most [`CLAIM_VALUE_BYTES_MAX`] bytes. The message
    /// does not repeat the value.
    pub fn new(name: &str, value: &str) -> Result<Self, InvalidName> {
        check_identifier("claim name", name, CLAIM_NAME_BYTES_MAX)?;
        check_text("claim value", value, CLAIM_VALUE_BYTES_MAX).map_err(|_| {
            let expected = format!(
                "1 to {CLAIM_VALUE_BYTES_MAX} bytes without control characters or spaces at the ends"
            );
            InvalidName::new("claim value", expected, "(withheld)")
        })?;
        Ok(Self { name: name.into(), value: value.into() })
    }

    /// The same claim with letter case and compatibility forms folded away, as Unicode says: full
    /// case folding, then the normal form NFKC. `STRASSE` and `straße` are one value, and so are
    /// `ΣΑΣ` and `σας`. Letters of different scripts that look alike stay different.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if nothing is left of the value, or folding made it too long.
    pub fn normalized(self) -> Result<Self, InvalidName> {
        if self.value.is_ascii() {
            return Ok(Self { value: self.value.to_ascii_lowercase().into(), name: self.name });
        }
        Self::new(&self.name, &folding::folded(&self.value))
    }

    /// Refuses held values that an earlier Factum normalised, and that now are normalised further:
    /// it knew the pairs of upper and lower case alone, so `straße` and `σας` stayed as they are.
    /// Whoever looks for such a value now would not find it. For stores, when they bring an older
    /// format forward; `held` are names and values.
    ///
    /// # Errors
    ///
    /// [`Incompatible`](crate::StoreErrorKind::Incompatible), with the names and what to do.
    pub fn refuse_older_folding<'a>(
        held: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), StoreError> {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in held.filter(|(_, value)| folding::was_folded_otherwise(value)) {
            *found.entry(name).or_default() += 1;
        }
        if found.is_empty() {
            return Ok(());
        }
        let named: Vec<_> = found.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        let message = format!(
            "expected claims by Unicode's case folding, found values that an older Factum folded \
             otherwise ({}); nothing was changed: have their streams release them with that \
             Factum, open the store with this one, and take them again",
            named.join(", ")
        );
        Err(StoreError::new(StoreErrorKind::Incompatible, "open store", message))
    }

    /// The same claim with its value replaced by a keyed hash of name and value.
    ///
    /// The 32-byte key keeps a reader of the log from guessing values; whoever loses it can no
    /// longer release what was taken under it.
    #[must_use]
    pub fn hashed(self, key: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(self.name.as_bytes()).update(&[0]).update(self.value.as_bytes());
        Self { name: self.name, value: hasher.finalize().to_hex().as_str().into() }
    }

    /// The name, for example `email`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value as stored.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What an event does to a unique value. The owner is the event's stream.
///
/// The changes of an append apply in the order of its events, and of the list on each event.
/// Because they are recorded on the events, the index of claims can be rebuilt from the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimChange {
    /// Takes the value; a conflict if another stream holds it, nothing new if this one does.
    Take(Claim),
    /// Releases the value; changes nothing unless this stream holds it.
    Release(Claim),
}

impl ClaimChange {
    /// The claim that is taken or released.
    pub fn claim(&self) -> &Claim {
        match self {
            Self::Take(claim) | Self::Release(claim) => claim,
        }
    }
}
