//! What to do when the store failed: by what is the matter, and by whether something was to be stored.

use factum::{StoreError, StoreErrorKind};

/// Operations of stores that store something. What is not in here is never said to have stored nothing.
const WRITES: [&str; 18] = [
    "advance subscription",
    "append",
    "change view",
    "claim lease",
    "compact store",
    "delete snapshots",
    "discard dead letters",
    "forget subscription",
    "instruct subscription",
    "migrate view",
    "rebuild claims",
    "register subscription",
    "release lease",
    "renew lease",
    "replay dead letters",
    "save snapshot",
    "seed",
    "transact view",
];

/// The line after the error.
pub(super) fn hint(error: &StoreError) -> Option<String> {
    use StoreErrorKind as Kind;
    let (writes, opens) = (WRITES.contains(&error.operation()), error.operation() == "open store");
    let general = match error.kind() {
        Kind::Unavailable if opens => "try again once the store can be reached",
        Kind::Unavailable => "try again later",
        Kind::OutcomeUnknown if error.operation() == "append" => {
            "the append may be stored; repeat it with the same command id only"
        }
        Kind::OutcomeUnknown => "it may be done; look before asking again",
        Kind::TimedOut => "raise the limit that stopped it, or ask for less",
        Kind::StorageFull => "make room and try again",
        Kind::NoStore => "name another address with --store, or leave create=false out",
        Kind::StreamDeleted => "its events are still in the log: factum events search",
        Kind::Incompatible => "the store was left untouched",
        Kind::Corrupt => "stop writing; factum store verify names the damage",
        Kind::Failed => "look at the machine of the store, and at its log, before trying again",
        Kind::Misconfigured => "change the address, or how the server is set up",
        _ => "",
    };
    let stored = match error.kind() {
        Kind::Unavailable
        | Kind::TimedOut
        | Kind::StorageFull
        | Kind::Failed
        | Kind::Misconfigured
        | Kind::Denied => "nothing was stored; ",
        _ => "",
    };
    let todo = error.advice().unwrap_or(general);
    let stored = if writes { stored } else { "" };
    let hint = format!("{stored}{todo}");
    (!todo.is_empty()).then_some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [StoreErrorKind; 15] = [
        StoreErrorKind::Unavailable,
        StoreErrorKind::OutcomeUnknown,
        StoreErrorKind::TimedOut,
        StoreErrorKind::Failed,
        StoreErrorKind::Misconfigured,
        StoreErrorKind::StorageFull,
        StoreErrorKind::LimitExceeded,
        StoreErrorKind::Unsupported,
        StoreErrorKind::Invalid,
        StoreErrorKind::NoStore,
        StoreErrorKind::StreamDeleted,
        StoreErrorKind::Incompatible,
        StoreErrorKind::Denied,
        StoreErrorKind::Corrupt,
        StoreErrorKind::Fenced,
    ];

    fn hinted(kind: StoreErrorKind, operation: &'static str) -> String {
        hint(&StoreError::new(kind, operation, "it failed")).unwrap_or_default()
    }

    #[test]
    fn a_read_is_never_said_to_have_stored_nothing() {
        for kind in KINDS {
            for operation in ["open store", "read log", "list streams", "verify store", "new one"] {
                assert!(!hinted(kind, operation).contains("stored"), "{kind:?} {operation}");
            }
        }
        for kind in [StoreErrorKind::Unavailable, StoreErrorKind::TimedOut, StoreErrorKind::Failed]
        {
            for operation in WRITES {
                assert!(hinted(kind, operation).starts_with("nothing was stored; "), "{operation}");
            }
        }
    }

    #[test]
    fn only_what_may_pass_by_itself_is_worth_another_try() {
        for kind in KINDS {
            for operation in ["open store", "read log", "append"] {
                let passes = kind == StoreErrorKind::Unavailable;
                let again = hinted(kind, operation);
                let again = again.contains("later") || again.contains("once");
                assert_eq!(again, passes, "{kind:?} {operation}");
            }
        }
    }

    #[test]
    fn what_the_store_advises_comes_first() {
        let error = StoreError::new(StoreErrorKind::Misconfigured, "append", "two sessions")
            .with_advice("add prepare=false to the address");
        let expected = "nothing was stored; add prepare=false to the address";
        assert_eq!(hint(&error).as_deref(), Some(expected));
    }
}
