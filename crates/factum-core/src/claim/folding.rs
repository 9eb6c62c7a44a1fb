//! Letter case and compatibility forms, folded away as Unicode says.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// Rounds after which every text is as it stays; see the tests.
const ROUNDS_MAX: usize = 4;

/// The text folded: what is folded again stays as it is.
///
/// Marks are taken apart first, so that they stand where folding looks for them. Folding may leave
/// what the normal form changes, and the other way about; so both go on until nothing changes.
pub(super) fn folded(text: &str) -> String {
    let mut folded: String = text.nfd().collect();
    for _ in 0..ROUNDS_MAX {
        let next = once(&folded);
        if next == folded {
            break;
        }
        folded = next;
    }
    folded
}

fn once(text: &str) -> String {
    let folded = UniCase::unicode(text).to_folded_case();
    let normal: String = folded.nfkc().collect();
    normal.trim().to_owned()
}

/// Whether the text is as folding left it before it was Unicode's, and is not as it leaves it now.
pub(super) fn was_folded_otherwise(text: &str) -> bool {
    let before = |text: &str| text.nfkc().flat_map(char::to_lowercase).nfkc().collect::<String>();
    !text.is_ascii() && before(text).trim() == text && folded(text) != text
}

#[cfg(test)]
mod tests;
