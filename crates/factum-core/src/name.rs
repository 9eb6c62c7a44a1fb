//! How names are checked: one error, two alphabets.

/// A name that breaks the rules of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {kind}: expected {expected}, found {found}")]
pub struct InvalidName {
    kind: &'static str,
    expected: String,
    found: String,
}

impl InvalidName {
    /// A name of this `kind` that is not what was `expected`.
    pub fn new(kind: &'static str, expected: impl Into<String>, found: &str) -> Self {
        Self { kind, expected: expected.into(), found: shown(found) }
    }

    /// What was being named, for example `"event type"`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Quotes a name for a message, cut so that a huge one cannot flood a log.
fn shown(found: &str) -> String {
    let cut: String = found.chars().take(40).collect();
    if cut.len() < found.len() {
        format!("{cut:?}... ({} bytes)", found.len())
    } else {
        format!("{found:?}")
    }
}

fn check_length(kind: &'static str, text: &str, bytes_max: usize) -> Result<(), InvalidName> {
    if text.is_empty() || text.len() > bytes_max {
        return Err(InvalidName::new(kind, format!("1 to {bytes_max} bytes"), text));
    }
    Ok(())
}

/// An identifier: ASCII letters, digits, `.`, `_`, `-`; starts with a letter or digit.
pub(crate) fn check_identifier(
    kind: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<(), InvalidName> {
    check_length(kind, text, bytes_max)?;
    let ok = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && text.as_bytes()[0].is_ascii_alphanumeric();
    if !ok {
        let expected = "ASCII letters, digits, '.', '_' and '-', starting with a letter or digit";
        return Err(InvalidName::new(kind, expected, text));
    }
    Ok(())
}

/// Free text on one line: no control characters, no space at either end.
pub(crate) fn check_text(
    kind: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<(), InvalidName> {
    check_length(kind, text, bytes_max)?;
    if text.chars().any(char::is_control) || text.trim().len() != text.len() {
        let expected = "text without control characters or spaces at its ends";
        return Err(InvalidName::new(kind, expected, text));
    }
    Ok(())
}

/// Defines a cheaply cloned name over shared text, checked once, when it is built.
macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $bytes_max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks `text` and builds the name.
            ///
            /// # Errors
            ///
            /// [`InvalidName`](crate::InvalidName) says what was expected and what was found.
            pub fn new(text: impl AsRef<str>) -> Result<Self, crate::InvalidName> {
                let text = text.as_ref();
                $check($kind, text, $bytes_max)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::InvalidName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }
    };
}
pub(crate) use text_name;
