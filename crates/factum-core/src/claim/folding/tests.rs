//! Values that fold alike are one claim, over every letter of Unicode.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// All but those of scripts that have neither case nor compatibility forms, and unassigned planes.
fn letters() -> impl Iterator<Item = char> {
    let folds = |it: &char| !matches!(it, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7ff}');
    ('\u{0}'..='\u{1ffff}').chain('\u{2f800}'..='\u{2fa1f}').filter(folds)
}

#[test]
fn what_people_take_for_the_same_is_the_same() {
    for alike in [
        &["ΣΑΣ", "σας", "σασ", "Σας"][..],
        &["STRASSE", "straße", "Straẞe", "strasse"],
        &["Ann@Example.org", "ann@example.org", "ＡＮＮ@example.org"],
        &["ﬁnd", "FIND"],
        &["Å", "å", "\u{212b}", "a\u{30a}"],
        &["İ", "i\u{307}"],
        &["ᾳ", "ΑΙ", "αι"],
        &["Ꭰ", "ꭰ"],
        &["ǅ", "ǆ", "Ǆ"],
        &["ŉ", "ʼN"],
    ] {
        assert!(alike.iter().all(|it| folded(it) == folded(alike[0])), "{alike:?}");
    }
    for apart in [["a", "а"], ["i", "ı"], ["o", "0"], ["e", "é"], ["ss", "s"]] {
        assert_ne!(folded(apart[0]), folded(apart[1]), "{apart:?}");
    }
}

#[test]
fn every_letter_is_as_it_stays_after_a_few_rounds() {
    for letter in letters() {
        let mut text: String = letter.to_string().nfd().collect();
        let mut rounds = 0;
        while once(&text) != text {
            text = once(&text);
            rounds += 1;
        }
        assert!(rounds < ROUNDS_MAX, "{letter:?} takes {rounds} rounds");
        assert_eq!(folded(&text), text, "{letter:?}");
    }
}

#[test]
fn letters_that_fold_alike_are_one_value() {
    let mut first: HashMap<String, char> = HashMap::new();
    for letter in letters() {
        let case = UniCase::unicode(letter.to_string()).to_folded_case();
        let other = *first.entry(case).or_insert(letter);
        assert_eq!(folded(&letter.to_string()), folded(&other.to_string()), "{letter:?} {other:?}");
        // What upper and lower case make of it folds to it as well.
        let upper: String = letter.to_uppercase().collect();
        let lower: String = letter.to_lowercase().collect();
        let alike =
            [&upper, &lower].into_iter().all(|it| folded(it) == folded(&letter.to_string()));
        assert!(alike || "İı".contains(letter), "{letter:?}: {upper:?} {lower:?}");
    }
}

#[test]
fn what_was_folded_otherwise_is_known() {
    for old in ["straße", "σας", "ꭰ", "hauptstraße 1"] {
        assert!(was_folded_otherwise(old), "{old}");
    }
    for other in ["strasse", "σασ", "Straße", "ann@example.org", "é", "日本", "ΣΑΣ", "ı"]
    {
        assert!(!was_folded_otherwise(other), "{other}");
    }
}

fn texts() -> impl Strategy<Value = String> {
    let marked = proptest::char::ranges(
        vec!['\u{300}'..='\u{345}', 'A'..='z', 'ß'..='ß', 'Α'..='ώ', '\u{1f00}'..='\u{1fff}']
            .into(),
    );
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(marked, 0..12).prop_map(|it| it.into_iter().collect()),
    ]
}

proptest! {
    #[test]
    fn folding_again_changes_nothing(text in texts()) {
        let once = folded(&text);
        prop_assert_eq!(folded(&once), once);
    }

    #[test]
    fn forms_of_one_text_fold_to_one_value(text in texts()) {
        let nfd: String = text.nfd().collect();
        let nfc: String = text.nfc().collect();
        prop_assert_eq!(folded(&nfd), folded(&text));
        prop_assert_eq!(folded(&nfc), folded(&text));
    }
}
