//! Names: in the log, in serde's eyes, and of constants.

use syn::LitStr;

/// Longest name of an event type, in bytes: `EVENT_TYPE_BYTES_MAX` of `factum-core`.
const EVENT_TYPE_BYTES_MAX: usize = 256;
/// Longest name of a tag or a claim, in bytes: `TAG_NAME_BYTES_MAX`, `CLAIM_NAME_BYTES_MAX`.
const FACT_BYTES_MAX: usize = 64;

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

/// The constant of a variant. Where that is the variant's own name, `_SPEC` tells them apart.
pub(crate) fn constant(ident: &str) -> String {
    let constant = separated(ident, '_').to_uppercase();
    if constant == ident { constant + "_SPEC" } else { constant }
}

/// Checks a name given by hand.
pub(crate) fn check(
    name: &LitStr,
    check: impl Fn(&str) -> Result<(), &'static str>,
) -> syn::Result<()> {
    check(&name.value()).map_err(|said| syn::Error::new_spanned(name, said))
}

/// Checks the name of an event type, or the first part of one.
pub(crate) fn check_event_type(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > EVENT_TYPE_BYTES_MAX {
        return Err("expected a name of 1 to 256 bytes");
    }
    if !is_plain(name) {
        return Err("expected ASCII letters, digits, `.`, `_` and `-`, such as \"account.opened\"");
    }
    if name == "factum" || name.starts_with("factum.") {
        return Err("names that start with `factum.` are the log's own; choose another one");
    }
    Ok(())
}

/// Checks the name of a tag or a claim.
pub(crate) fn check_fact(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > FACT_BYTES_MAX {
        return Err("expected a name of 1 to 64 bytes");
    }
    if !is_plain(name) || !name.as_bytes()[0].is_ascii_alphanumeric() {
        return Err("expected ASCII letters, digits, `.`, `_` and `-`, a letter or digit first");
    }
    Ok(())
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it))
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
        "camelCase" => {
            let mut letters = variant.chars();
            letters.next().map(|it| it.to_ascii_lowercase()).into_iter().chain(letters).collect()
        }
        "snake_case" => snake(),
        "SCREAMING_SNAKE_CASE" => snake().to_ascii_uppercase(),
        "kebab-case" => snake().replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => snake().to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{check_event_type, check_fact, constant, context, separated, serde_renamed};

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
        assert_eq!(constant("KYC"), "KYC_SPEC", "`KYC` is the variant");
    }

    #[test]
    fn a_context_is_what_the_events_are_of() {
        assert_eq!(context("LoanRequestEvent"), "loan-request");
        assert_eq!(context("AccountEvents"), "account");
        assert_eq!(context("Event"), "event");
    }

    #[test]
    fn names_are_plain_and_short() {
        assert!(check_event_type("Account_2.opened-again").is_ok());
        assert!(check_event_type(&"a".repeat(256)).is_ok());
        assert!(check_event_type("factumed.a").is_ok());
        for wrong in ["", "a b", "\u{e4}", "factum.a", "factum", &"a".repeat(257)] {
            assert!(check_event_type(wrong).is_err(), "{wrong:?}");
        }
        assert!(check_fact(&"a".repeat(64)).is_ok());
        for wrong in ["", "a b", "_a", &"a".repeat(65)] {
            assert!(check_fact(wrong).is_err(), "{wrong:?}");
        }
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
