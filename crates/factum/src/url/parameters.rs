//! The options of an address: each taken once by whoever knows it, none left over.

use super::UrlError;

/// Options not taken yet, in the order of the address.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(query: &str) -> Result<Self, UrlError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|it| !it.is_empty()) {
            let Some((option, value)) = pair.split_once('=') else {
                // The rest of a password in which a question mark was not written as %3F?
                let shown = if pair.contains('@') { "(withheld)".into() } else { decoded(pair)? };
                return Err(UrlError::BadValue {
                    option: shown.clone(),
                    expected: "option=value",
                    found: shown,
                });
            };
            let (option, value) = (decoded(option)?, decoded(value)?);
            if pairs.iter().any(|(known, _)| *known == option) {
                return Err(UrlError::DuplicateOption { option });
            }
            pairs.push((option, value));
        }
        Ok(Self(pairs))
    }

    /// Takes the value of an option, if it is given.
    pub(crate) fn take(&mut self, option: &str) -> Option<String> {
        let index = self.0.iter().position(|(name, _)| name == option)?;
        Some(self.0.remove(index).1)
    }

    /// Takes an option's value and reads it, where `expected` says what its values are.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn take_as<T: std::str::FromStr>(
        &mut self,
        option: &str,
        expected: &'static str,
    ) -> Result<Option<T>, UrlError> {
        let Some(found) = self.take(option) else { return Ok(None) };
        match found.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(UrlError::BadValue { option: option.into(), expected, found }),
        }
    }

    /// Refuses whatever nobody took.
    pub(super) fn finish(self, scheme: &str, known: &[&str]) -> Result<(), UrlError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((found, _)) => {
                let (scheme, known) = (scheme.into(), known.join(", "));
                Err(UrlError::UnknownOption { scheme, known, found })
            }
        }
    }
}

/// `text` with `%XX` replaced by the byte it stands for.
pub(super) fn decoded(text: &str) -> Result<String, UrlError> {
    let bad = || UrlError::BadEscape { found: text.into() };
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let digits = digits.ok_or_else(bad)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| bad())?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| bad())
}
