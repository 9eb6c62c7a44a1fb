//! Names: in the log, in serde's eyes, and of constants.

use syn::LitStr;

/// Longest name of an event type, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// `LoanRequest` as `loan-request`, or with another separator.
pub(crate) fn separated(ident: &str, separator: char) -> String {
    let ident = ident.strip_prefix("r#").unwrap_or(ident);
    let letters: Vec<char> = ident.chars().collect();
    let mut name = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|it| letters[it]);
        let after = letters.get(place + 1);
        // A word begins at a capital after a small letter or digit, and at the last of several
        // capitals: `HTTPServer` is `http-server`.
        let begins = letter.is_uppercase()
            && before.is_some_and(|it| {
                it.is_lowercase()
                    || it.is_ascii_digit()
                    || it.is_uppercase() && after.is_some_and(|it| it.is_lowercase())
            });
        if begins {
            name.push(separator);
        }
        if *letter == '_' {
            name.push(separator);
        } else {
            name.extend(letter.to_lowercase());
        }
    }
    name
}

/// The context that an enum's name stands for.
pub(crate) fn context(ident: &str) -> String {
    let stem = ident.strip_suffix("Events").or_else(|| ident.strip_suffix("Event"));
    separated(stem.filter(|it| !it.is_empty()).unwrap_or(ident), '-')
}

/// The constant of a variant.
pub(crate) fn constant(ident: &str) -> String {
    separated(ident, '_').to_uppercase()
}

/// Checks a name given by hand.
pub(crate) fn check(name: &LitStr) -> syn::Result<()> {
    let text = name.value();
    let said = if text.is_empty() || text.len() > NAME_BYTES_MAX {
        "expected a name of 1 to 256 bytes"
    } else if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        "expected ASCII letters, digits, `.`, `_` and `-`, such as \"account.opened\""
    } else if text.starts_with("factum.") {
        "names that start with `factum.` are the log's own; choose another one"
    } else {
        return Ok(());
    };
    Err(syn::Error::new_spanned(name, said))
}

/// What serde makes of a variant's name by `rename_all`.
pub(crate) fn serde_renamed(variant: &str, rule: &str) -> Option<String> {
    let snake = || {
        let mut name = String::new();
        for (place, letter) in variant.char_indices() {
            if place > 0 && letter.is_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    };
    Some(match rule {
        "PascalCase" => variant.to_owned(),
        "lowercase" => variant.to_ascii_lowercase(),
        "UPPERCASE" => variant.to_ascii_uppercase(),
        "camelCase" => variant[..1].to_ascii_lowercase() + &variant[1..],
        "snake_case" => snake(),
        "SCREAMING_SNAKE_CASE" => snake().to_ascii_uppercase(),
        "kebab-case" => snake().replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => snake().to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{constant, context, separated, serde_renamed};

    #[test]
    fn words_are_told_apart() {
        for (ident, kebab) in [
            ("Opened", "opened"),
            ("CreditChecked", "credit-checked"),
            ("HTTPServerStarted", "http-server-started"),
            ("V2Opened", "v2-opened"),
            ("r#Type", "type"),
        ] {
            assert_eq!(separated(ident, '-'), kebab);
        }
        assert_eq!(constant("CreditChecked"), "CREDIT_CHECKED");
    }

    #[test]
    fn a_context_is_what_the_events_are_of() {
        assert_eq!(context("LoanRequestEvent"), "loan-request");
        assert_eq!(context("AccountEvents"), "account");
        assert_eq!(context("Event"), "event");
    }

    #[test]
    fn renaming_is_serdes() {
        let renamed = |rule| serde_renamed("CreditChecked", rule).expect("a rule of serde's");
        assert_eq!(renamed("camelCase"), "creditChecked");
        assert_eq!(renamed("SCREAMING-KEBAB-CASE"), "CREDIT-CHECKED");
        assert_eq!(renamed("snake_case"), "credit_checked");
        assert_eq!(serde_renamed("A", "leetspeak"), None);
    }
}
