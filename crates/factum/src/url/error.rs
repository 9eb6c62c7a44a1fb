//! Why an address was refused.

use factum_core::{StoreError, StoreErrorKind};

/// Why the address of a store was refused. Nothing was opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It does not start with a kind of store.
    #[error("expected memory:, sqlite:PATH or postgres://HOST/DATABASE, found {found:?}")]
    UnknownScheme {
        /// The beginning of the address.
        found: String,
    },
    /// A kind of store that this program was built without.
    #[error("expected a store that this program has, found {scheme}:, which is not built in")]
    NotBuiltIn {
        /// The kind of store.
        scheme: String,
    },
    /// The part between the scheme and the options.
    #[error("{scheme}: expected {expected}, found {found:?}")]
    BadPlace {
        /// The kind of store.
        scheme: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// An option that this kind of store does not have.
    #[error("{scheme}: expected one of the options {known}, found {found:?}")]
    UnknownOption {
        /// The kind of store.
        scheme: String,
        /// The options it has.
        known: String,
        /// The option.
        found: String,
    },
    /// An option that is given twice.
    #[error("expected the option {option} once, found it twice")]
    DuplicateOption {
        /// The option.
        option: String,
    },
    /// A value that the option cannot have.
    #[error("option {option}: expected {expected}, found {found:?}")]
    BadValue {
        /// The option.
        option: String,
        /// What its values are.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// A character that separates the parts of an address, found where it must be part of one, such
    /// as an `@` in a password. What stands around it is withheld.
    #[error(
        "expected every {character} of a user name, password, database or option percent-encoded as \
         %{:02X}, found one as it is",
        u32::from(*character)
    )]
    Unescaped {
        /// The character.
        character: char,
    },
    /// A percent sign that no two hexadecimal digits follow, or bytes that are not UTF-8.
    #[error("expected %XX with two hexadecimal digits that make UTF-8, found {found:?}")]
    BadEscape {
        /// The part of the address.
        found: String,
    },
}

impl From<UrlError> for StoreError {
    fn from(error: UrlError) -> Self {
        let kind = match error {
            UrlError::NotBuiltIn { .. } => StoreErrorKind::Unsupported,
            _ => StoreErrorKind::Invalid,
        };
        Self::new(kind, "read store address", error.to_string()).with_source(error)
    }
}
