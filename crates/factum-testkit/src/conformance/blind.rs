//! Whether every case can fail.

use std::collections::BTreeSet;

use super::Case;

/// Runs each case as it is, which must pass, and with its own row of the table of sabotage, which
/// must fail. Says what is otherwise: a case that is blind or has no sabotage, and sabotage that has
/// no case. Nothing of what panics meanwhile is printed.
pub fn blind_spots<S: Copy>(
    cases: &[Case],
    none: S,
    table: &[(&str, S)],
    run: impl Fn(&Case, S) -> Result<(), String>,
) -> Vec<String> {
    // Cases fail by panicking, here on purpose; the outcome says how.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.name();
        if let Err(reason) = run(case, none) {
            wrong.push(format!("{name} fails without sabotage: {reason}"));
        }
        match table.iter().find(|(cased, _)| *cased == name) {
            None => wrong.push(format!("{name} has no saboteur")),
            Some((_, sabotage)) if run(case, *sabotage).is_ok() => {
                wrong.push(format!("{name} is blind to its saboteur"));
            }
            Some(_) => {}
        }
    }
    std::panic::set_hook(hook);
    let names: BTreeSet<_> = cases.iter().map(Case::name).collect();
    let mut seen = BTreeSet::new();
    for (name, _) in table {
        if !names.contains(*name) {
            wrong.push(format!("{name} is no case"));
        }
        if !seen.insert(name) {
            wrong.push(format!("{name} is listed twice"));
        }
    }
    wrong
}
