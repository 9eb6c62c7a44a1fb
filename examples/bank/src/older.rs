//! The log of the bank's first program, and how this one reads it.
//!
//! It counted whole units where this one counts cents; it said `account.created`, and kept the
//! holder's address in the metadata; and it wrote down every look at a balance.

use factum::prelude::*;
use serde_json::{Value, json};

/// From every shape that was ever stored to the current one.
pub(crate) fn upcasters() -> Upcasters {
    Upcasters::default()
        .split("account.created", 1, &[("account.opened", 1)], |value, recorded| {
            let email = recorded.metadata.get("email").ok_or("expected the metadata email")?;
            let account = recorded.stream.id();
            let opened = json!({ "account": account, "holder": value["name"], "email": email });
            Ok(vec![RawEvent::new("account.opened", 1, opened).map_err(|it| it.to_string())?])
        })
        .change("account.deposited", 1, units_to_cents)
        .change("account.withdrawn", 1, units_to_cents)
        .drop("account.viewed", 1)
}

fn units_to_cents(value: &mut Value, recorded: &RecordedEvent) -> Result<(), String> {
    let units = value["amount"].as_u64().ok_or("expected amount, a whole number")?;
    let cents = units.checked_mul(100).ok_or("expected an amount that can be counted in cents")?;
    *value = json!({ "account": recorded.stream.id(), "cents": cents });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use factum::check_sample;
    use factum_testkit::upcast;

    use super::*;
    use crate::account::{Account, AccountEvent};

    /// What the first program exported. It is not to be changed: such logs are out there.
    const V1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/bank-v1.jsonl");

    #[test]
    fn units_become_cents() {
        upcast::<AccountEvent>("account.deposited", 1, json!({ "amount": 12 }))
            .on_stream("account/ann")
            .then([AccountEvent::Deposited { account: "ann".into(), cents: 1_200 }]);
    }

    #[test]
    fn the_address_comes_from_the_metadata() {
        upcast::<AccountEvent>("account.created", 1, json!({ "name": "Ann" }))
            .on_stream("account/ann")
            .with_metadata("email", "ann@example.org")
            .then([AccountEvent::Opened {
                account: "ann".into(),
                holder: "Ann".into(),
                email: "ann@example.org".into(),
            }]);
    }

    #[test]
    fn looks_are_left_out() {
        upcast::<AccountEvent>("account.viewed", 1, json!({})).then_nothing();
    }

    #[test]
    fn the_log_of_the_first_program_is_understood() {
        let registry = Registry::of::<AccountEvent>().expect("it is consistent");
        let lines = std::fs::read(Path::new(V1)).expect("it comes with the example");
        let mut accounts = std::collections::BTreeMap::<String, Account>::new();
        let report = check_sample(&registry, &lines[..], |record, event: AccountEvent| {
            accounts.entry(record.stream.id().to_owned()).or_default().apply(&event);
        });
        let report = report.expect("it can be read");
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.read, report.by_type["account.deposited"]), (9, 4));
        assert_eq!((accounts["ann"].cents, accounts["bob"].cents), (7_500, 3_000));
        assert_eq!(accounts["bob"].email.as_deref(), Some("bob@example.org"));
    }
}
