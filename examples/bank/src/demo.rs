//! What the program does when it is run.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use factum::prelude::*;
use factum::{check_sample, settle};

use crate::account::{Account, AccountEvent, ChangeEmail, Deposit, Open, Withdraw};
use crate::transfer::Transfer;
use crate::{balances, statements, views};

/// The customers that a new bank begins with.
fn first_customers() -> Result<Seed, Box<dyn Error>> {
    let mut seed = Seed::new("first-customers")?;
    for (account, holder) in [("ann", "Ann Arbor"), ("bob", "Bob Bobson")] {
        let email = format!("{account}@example.org");
        let opened = AccountEvent::Opened { account: account.into(), holder: holder.into(), email };
        let deposited = AccountEvent::Deposited { account: account.into(), cents: 10_000 };
        seed = seed.stream(&StreamId::new("account", account)?, [opened, deposited])?;
    }
    Ok(seed)
}

/// The accounts of a bank: snapshots every 50 events.
pub(crate) fn accounts(store: &SharedStore) -> Result<Repository<Account>, Box<dyn Error>> {
    let policy = Snapshots::every(50).version(Account::SNAPSHOT_VERSION).keep_last(2);
    Ok(Repository::new(store.clone())?.with_snapshots(policy)?.with_analytics())
}

pub(crate) async fn run(store: &str) -> Result<(), Box<dyn Error>> {
    let store = factum::connect(store).await?;
    let seeded = first_customers()?.run(&store).await?;
    println!("seed: {} events stored, {} there already", seeded.saved, seeded.skipped);

    let accounts = accounts(&store)?;
    let clerk =
        Context { principal: Some(Principal::new("clerk-7")?), ..Context::start(&RandomIds) };
    let desk = accounts.in_context(clerk.clone())?;
    desk.execute("ann", Deposit { cents: 2_500 }).await?;
    match desk.execute("bob", Withdraw { cents: 1_000_000 }).await {
        Err(refused) => println!("bob wants a million cents: {refused}"),
        Ok(_) => return Err("a million cents that were not there".into()),
    }
    let taken =
        Open { account: "eve".into(), holder: "Eve".into(), email: "Ann@Example.org".into() };
    match desk.execute("eve", taken).await {
        Err(refused) => println!("eve opens an account with ann's address: {refused}"),
        Ok(_) => return Err("two accounts with one address".into()),
    }
    let address = format!("bob{}@example.org", store.head().await?);
    desk.execute("bob", ChangeEmail { email: address }).await?;

    let transfers = Decisions::<AccountEvent>::new(store.clone())?.in_context(clerk)?;
    let transfer = Transfer { from: "ann".into(), to: "bob".into(), cents: 1_234 };
    let form = CommandId::new(format!("form-{}", store.head().await?))?;
    let form = Options::default().command_id(form).metadata(transfer.parties()?);
    let first = transfers.execute_with(&transfer, form.clone()).await?;
    let again = transfers.execute_with(&transfer, form).await?;
    let what = if again.repeated { "the first answer again" } else { "a second transfer" };
    println!("transfer to position {}, sent twice: {what}\n", first.position);

    println!("{:<8} {:<12} {:>10} {:>7}  e-mail", "account", "holder", "balance", "events");
    for id in ["ann", "bob"] {
        let loaded = accounts.load(id).await?;
        let (account, events) =
            (&loaded.state, loaded.analytics.as_ref().map_or(0, Analytics::events));
        let balance = format!("{}.{:02}", account.cents / 100, account.cents % 100);
        let email = account.email.as_deref().unwrap_or_default();
        println!("{id:<8} {:<12} {balance:>10} {events:>7}  {email}", account.holder);
    }
    let change = accounts.diff("bob", At::Revision(Revision::FIRST), At::Now).await?;
    println!("\nbob since the opening, as a JSON patch: {change}");
    accounts.snapshots_settled().await;
    show_views(&store).await
}

/// Brings the views up to date and shows them, where the store has tables.
async fn show_views(store: &SharedStore) -> Result<(), Box<dyn Error>> {
    if store.capabilities().views.is_none() {
        return Ok(());
    }
    let running = views::in_tables(store)?.map(Subscription::spawn);
    let handles: Vec<SubscriptionHandle> = running.iter().map(|it| (**it).clone()).collect();
    settle(&handles).await?;
    println!("\nbalances\n\n{}", balances::shown(store).await?);
    println!("\nstatement of ann\n\n{}", statements::shown(store, "ann").await?);
    for subscription in running {
        subscription.stop().await?;
    }
    Ok(())
}

pub(crate) fn check(export: &str) -> Result<(), Box<dyn Error>> {
    let file = File::open(export).map_err(|error| format!("{export}: {error}"))?;
    let registry = Registry::of::<AccountEvent>()?;
    let mut accounts = std::collections::BTreeMap::<String, Account>::new();
    let report = check_sample(&registry, BufReader::new(file), |record, event: AccountEvent| {
        accounts.entry(record.stream.id().to_owned()).or_default().apply(&event);
    })?;
    println!("{} stored events read, {} accounts", report.read, accounts.len());
    for (event_type, count) in &report.by_type {
        println!("{count:>8}  {event_type}");
    }
    for (line, finding) in &report.findings {
        println!("line {line}: {finding}");
    }
    if report.is_clean() {
        Ok(())
    } else {
        Err("this program does not understand all of it".into())
    }
}
