//! Addresses that could be read in two ways are refused, not guessed at.

use std::fmt;

/// A character that separates the parts of an address, found where it must be part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unescaped {
    /// The character, one of `@`, `/`, `?`, `#` and `%`.
    pub character: char,
}

impl fmt::Display for Unescaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character } = self;
        let code = u32::from(*character);
        write!(
            f,
            "expected every {character} of a user name, password, database or option \
             percent-encoded as %{code:02X}, found one as it is"
        )
    }
}

impl std::error::Error for Unescaped {}

/// Makes sure that an address of the form `postgres://user:password@host:port/database?option=value`
/// can be read in one way only. Any other form is let through.
///
/// Without this, a password with an `@` in it ends there, and what follows is taken for the host.
///
/// # Errors
///
/// Names the character, never what stands around it, which may be a password.
///
/// # Examples
///
/// ```
/// use factum_postgres::check_address;
///
/// assert!(check_address("postgres://ann:p%40ss@db.internal/bank").is_ok());
/// assert_eq!(check_address("postgres://ann:p@ss@db.internal/bank").unwrap_err().character, '@');
/// ```
pub fn check_address(address: &str) -> Result<(), Unescaped> {
    let mut schemes = ["postgres://", "postgresql://"].into_iter();
    let Some(rest) = schemes.find_map(|scheme| address.strip_prefix(scheme)) else {
        return Ok(());
    };
    let found = |character| Err(Unescaped { character });
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if rest.contains('#') {
        return found('#');
    }
    if query.contains('@') {
        // Without a host in front of it, the question mark is part of a password, most likely.
        return found(if place.contains(['@', '/']) { '@' } else { '?' });
    }
    match (place.find('@'), place.find('/')) {
        (Some(at), _) if place[at + 1..].contains('@') => return found('@'),
        (Some(at), Some(slash)) if slash < at => return found('/'),
        _ => {}
    }
    let escaped = |text: &str| text.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if rest.split('%').skip(1).all(escaped) { Ok(()) } else { found('%') }
}
