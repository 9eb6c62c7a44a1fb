//! Events that were set aside: stored, listed, tried again, left out.

use factum_core::limits::{CAUSE_BYTES_MAX, PAGE_MAX};
use factum_core::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetterStatus, LetterChange,
    SharedStore, StoreErrorKind, TenantId, Timestamp,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::subscribers::{
    change, dead, lane, letter, letters, listed, named, parked, run, set_aside, shown, stored,
    waiting,
};
use super::support::{account, event_type, failure, position, tenant};

conformance_cases!["dead_letters", ALWAYS;
    a_letter_comes_back_with_every_field,
    a_letter_put_again_is_replaced,
    a_long_cause_is_cut_between_characters,
    letters_are_counted,
    letters_are_listed_in_order,
    letters_are_listed_in_pages,
    letters_are_listed_by_subscription,
    letters_are_listed_by_key,
    waiting_letters_are_listed_if_asked_for,
    due_letters_are_listed,
    the_list_of_letters_is_per_tenant,
    a_list_of_letters_has_a_limit,
    all_that_failed_are_tried_again,
    those_of_one_key_are_tried_again,
    the_one_at_a_place_is_tried_again,
    a_waiting_letter_is_not_tried_by_itself,
    a_replay_is_counted_as_an_order,
    a_replay_touches_no_other_subscription,
    all_that_failed_are_left_out,
    those_of_one_key_are_left_out,
    the_one_at_a_place_is_left_out,
    a_waiting_letter_is_not_left_out,
    what_waits_behind_a_discarded_letter_is_tried,
    what_waits_behind_another_failed_letter_goes_on_waiting,
    a_discard_is_counted_as_an_order,
    a_discard_touches_no_other_subscription,
];

async fn replay(store: &SharedStore, name: &str, meant: DeadLetterSelection) -> u64 {
    store.replay(&named(name), meant).await.expect("letters can be replayed")
}

async fn discard(store: &SharedStore, name: &str, meant: DeadLetterSelection) -> u64 {
    store.discard(&named(name), meant).await.expect("letters can be discarded")
}

fn of_key(key: &str) -> DeadLetterSelection {
    DeadLetterSelection::Key(lane(key))
}

fn at(number: u64) -> DeadLetterSelection {
    DeadLetterSelection::At(position(number))
}

/// Two keys that stand still and one that does not, of the subscription `mails`.
async fn fill(store: &SharedStore) {
    let lease = run(store, "mails").await;
    let aside = [
        parked(11, "ann"),
        waiting(2, "bob"),
        waiting(12, "ann"),
        parked(1, "bob"),
        dead(3, "cid"),
        waiting(13, "ann"),
    ];
    set_aside(store, &lease, aside).await;
}

const ORDER: [&str; 6] = [
    "mails 1 bob parked",
    "mails 2 bob waiting",
    "mails 3 cid dead",
    "mails 11 ann parked",
    "mails 12 ann waiting",
    "mails 13 ann waiting",
];

/// What [`fill`] left, with some of it due.
fn with_due(due: &[usize]) -> Vec<String> {
    let marked = |(index, line): (usize, &&str)| {
        if due.contains(&index) { format!("{line} due") } else { (*line).to_owned() }
    };
    ORDER.iter().enumerate().map(marked).collect()
}

async fn a_letter_comes_back_with_every_field(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let full = DeadLetter {
        tenant: tenant("z"),
        stream: account("zoë"),
        event_type: event_type("other.happened"),
        cause: "no room: \0 'ä'".into(),
        attempts: u32::MAX,
        first_at: Timestamp::from_micros(-1),
        last_at: Timestamp::from_micros(1 << 50),
        due: true,
        ..letter(1 << 40, "key with ä", DeadLetterStatus::Dead)
    };
    set_aside(&store, &lease, [full.clone()]).await;
    let key = (Some(TenantId::default()), named("mails"), position(1 << 40));
    assert_eq!(listed(&store, DeadLetterList::default()).await, [(key, full)]);
}

async fn a_letter_put_again_is_replaced(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    set_aside(&store, &lease, [parked(1, "ann")]).await;
    let again = DeadLetter { attempts: 2, cause: "still none".into(), ..dead(1, "bob") };
    set_aside(&store, &lease, [again.clone()]).await;
    let found = listed(&store, DeadLetterList::default()).await;
    assert_eq!(found.into_iter().map(|(_, it)| it).collect::<Vec<_>>(), [again]);
}

async fn a_long_cause_is_cut_between_characters(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    let fits = format!("x{}", "ä".repeat((CAUSE_BYTES_MAX - 1) / 2));
    set_aside(&store, &lease, [DeadLetter { cause: format!("{fits}ä"), ..dead(1, "k") }]).await;
    let found = listed(&store, DeadLetterList::default()).await;
    assert!(found[0].1.cause == fits, "found {} bytes", found[0].1.cause.len());
}

async fn letters_are_counted(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let lease = run(&store, "other").await;
    set_aside(&store, &lease, [parked(1, "x"), waiting(2, "y"), dead(3, "z")]).await;
    let counts = |it: factum_core::Progress| (it.parked_keys, it.waiting_events, it.dead_letters);
    assert_eq!(counts(stored(&store, "mails").await), (2, 3, 3));
    assert_eq!(counts(stored(&store, "other").await), (2, 1, 2));
    let removed = [1, 2, 3].map(|it| LetterChange::Remove(position(it)));
    change(&store, &lease, removed).await;
    assert_eq!(counts(stored(&store, "other").await), (0, 0, 0));
}

async fn letters_are_listed_in_order(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(letters(&store).await, ORDER);
}

/// Everything that a list delivers, page by page.
async fn paged(store: &SharedStore, list: &DeadLetterList) -> Vec<String> {
    let (mut found, mut after): (_, Option<DeadLetterKey>) = (Vec::new(), None);
    loop {
        let page = listed(store, DeadLetterList { after, ..list.clone() }).await;
        assert!(page.len() <= list.limit);
        found.extend(shown(&page));
        after = page.last().map(|(key, _)| key.clone());
        if page.len() < list.limit {
            return found;
        }
    }
}

async fn letters_are_listed_in_pages(rig: &Rig) {
    let all = rig.open_all().await;
    let lease = run(&all, "other").await;
    set_aside(&all, &lease, [parked(9, "x"), dead(10, "x")]).await;
    for name in ["b", "a"] {
        fill(&all.for_tenant(&tenant(name)).expect("narrowed")).await;
    }
    let order: Vec<&str> =
        ["other 9 x parked", "other 10 x dead"].into_iter().chain(ORDER).chain(ORDER).collect();
    for limit in 1..=15 {
        let list = DeadLetterList { waiting: true, limit, ..DeadLetterList::default() };
        assert_eq!(paged(&all, &list).await, order);
    }
    let failed: Vec<&str> = order.into_iter().filter(|it| !it.contains("waiting")).collect();
    for limit in 1..=9 {
        let list = DeadLetterList { limit, ..DeadLetterList::default() };
        assert_eq!(paged(&all, &list).await, failed);
    }
}

async fn letters_are_listed_by_subscription(rig: &Rig) {
    let all = rig.open_all().await;
    let a = all.for_tenant(&tenant("a")).expect("narrowed");
    fill(&a).await;
    let (own, other) = (run(&all, "mails").await, run(&a, "other").await);
    set_aside(&all, &own, [parked(9, "x")]).await;
    set_aside(&a, &other, [parked(8, "x")]).await;
    let list = |name| DeadLetterList { name: Some(named(name)), ..DeadLetterList::default() };
    let failed = ["mails 1 bob parked", "mails 3 cid dead", "mails 11 ann parked"];
    assert_eq!(shown(&listed(&a, list("mails")).await), failed);
    assert_eq!(paged(&a, &DeadLetterList { limit: 2, ..list("mails") }).await, failed);
    assert_eq!(shown(&listed(&a, list("other")).await), ["other 8 x parked"]);
    assert_eq!(shown(&listed(&all, list("mails")).await), ["mails 9 x parked"]);
    assert_eq!(shown(&listed(&all, list("mail")).await), [""; 0]);
}

async fn letters_are_listed_by_key(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let list = DeadLetterList { key: Some(lane("ann")), ..DeadLetterList::default() };
    assert_eq!(shown(&listed(&store, list.clone()).await), ORDER[3..4]);
    let whole = DeadLetterList { waiting: true, limit: 2, ..list };
    assert_eq!(paged(&store, &whole).await, ORDER[3..]);
    let none = DeadLetterList { key: Some(lane("an")), ..DeadLetterList::default() };
    assert_eq!(listed(&store, none).await, []);
}

async fn waiting_letters_are_listed_if_asked_for(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let failed = listed(&store, DeadLetterList::default()).await;
    assert_eq!(shown(&failed), [ORDER[0], ORDER[2], ORDER[3]]);
    let whole = listed(&store, DeadLetterList { waiting: true, ..DeadLetterList::default() }).await;
    assert_eq!(shown(&whole), ORDER);
}

async fn due_letters_are_listed(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let due = DeadLetterList { due: true, ..DeadLetterList::default() };
    assert_eq!(listed(&store, due.clone()).await, []);
    let lease = run(&store, "mails").await;
    let waits = DeadLetter { due: true, ..waiting(12, "ann") };
    let failed = DeadLetter { due: true, ..parked(1, "bob") };
    set_aside(&store, &lease, [waits, failed]).await;
    let expected = ["mails 1 bob parked due", "mails 12 ann waiting due"];
    assert_eq!(shown(&listed(&store, due.clone()).await), expected);
    assert_eq!(paged(&store, &DeadLetterList { limit: 1, ..due.clone() }).await, expected);
    let of_ann = DeadLetterList { key: Some(lane("ann")), ..due };
    assert_eq!(shown(&listed(&store, of_ann).await), expected[1..]);
}

async fn the_list_of_letters_is_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    fill(&a).await;
    assert_eq!(letters(&b).await, [""; 0]);
    let lease = run(&b, "mails").await;
    set_aside(&b, &lease, [dead(7, "x")]).await;
    assert_eq!(letters(&b).await, ["mails 7 x dead"]);
    assert_eq!(letters(&a).await, ORDER);
}

async fn a_list_of_letters_has_a_limit(rig: &Rig) {
    let store = rig.open().await;
    for limit in [0, PAGE_MAX + 1, usize::MAX] {
        let found = store.dead_letters(DeadLetterList { limit, ..DeadLetterList::default() }).await;
        assert_eq!(failure(found), StoreErrorKind::LimitExceeded);
    }
    let most = DeadLetterList { limit: PAGE_MAX, ..DeadLetterList::default() };
    assert_eq!(listed(&store, most).await, []);
}

async fn all_that_failed_are_tried_again(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(replay(&store, "mails", DeadLetterSelection::All).await, 3);
    assert_eq!(letters(&store).await, with_due(&[0, 2, 3]));
}

async fn those_of_one_key_are_tried_again(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(replay(&store, "mails", of_key("ann")).await, 1);
    assert_eq!(letters(&store).await, with_due(&[3]));
    assert_eq!(replay(&store, "mails", of_key("nobody")).await, 0);
}

async fn the_one_at_a_place_is_tried_again(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(replay(&store, "mails", at(3)).await, 1);
    assert_eq!(letters(&store).await, with_due(&[2]));
    assert_eq!(replay(&store, "mails", at(4)).await, 0);
}

async fn a_waiting_letter_is_not_tried_by_itself(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let before = stored(&store, "mails").await;
    assert_eq!(replay(&store, "mails", at(12)).await, 0);
    assert_eq!(letters(&store).await, ORDER);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn a_replay_is_counted_as_an_order(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let before = stored(&store, "mails").await.instructions;
    replay(&store, "mails", DeadLetterSelection::All).await;
    assert_eq!(stored(&store, "mails").await.instructions, before + 1);
}

async fn a_replay_touches_no_other_subscription(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    fill(&a).await;
    let (twin, other) = (run(&b, "mails").await, run(&a, "other").await);
    set_aside(&b, &twin, [parked(1, "bob")]).await;
    set_aside(&a, &other, [parked(1, "bob")]).await;
    replay(&b, "mails", DeadLetterSelection::All).await;
    assert_eq!(letters(&b).await, ["mails 1 bob parked due"]);
    assert_eq!(letters(&a).await[..6], ORDER);
    replay(&a, "mails", at(1)).await;
    assert_eq!(letters(&a).await[..6], with_due(&[0]));
    assert_eq!(letters(&a).await[6..], ["other 1 bob parked"]);
    assert_eq!(replay(&a, "unknown", DeadLetterSelection::All).await, 0);
}

async fn all_that_failed_are_left_out(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(discard(&store, "mails", DeadLetterSelection::All).await, 3);
    let left = ["mails 2 bob waiting due", "mails 12 ann waiting due", "mails 13 ann waiting"];
    assert_eq!(letters(&store).await, left);
    let found = stored(&store, "mails").await;
    assert_eq!((found.parked_keys, found.waiting_events, found.dead_letters), (2, 3, 0));
}

async fn those_of_one_key_are_left_out(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(discard(&store, "mails", of_key("cid")).await, 1);
    assert_eq!(letters(&store).await, [&ORDER[..2], &ORDER[3..]].concat());
    assert_eq!(discard(&store, "mails", of_key("nobody")).await, 0);
}

async fn the_one_at_a_place_is_left_out(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(discard(&store, "mails", at(3)).await, 1);
    assert_eq!(letters(&store).await, [&ORDER[..2], &ORDER[3..]].concat());
    assert_eq!(discard(&store, "mails", at(3)).await, 0);
}

async fn a_waiting_letter_is_not_left_out(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let before = stored(&store, "mails").await;
    assert_eq!(discard(&store, "mails", at(12)).await, 0);
    assert_eq!(letters(&store).await, ORDER);
    assert_eq!(stored(&store, "mails").await, before);
}

async fn what_waits_behind_a_discarded_letter_is_tried(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(discard(&store, "mails", of_key("ann")).await, 1);
    let left = ["mails 12 ann waiting due", "mails 13 ann waiting"];
    assert_eq!(letters(&store).await, [&ORDER[..3], &left[..]].concat());
    assert_eq!(discard(&store, "mails", at(1)).await, 1);
    let left = ["mails 2 bob waiting due", ORDER[2], left[0], left[1]];
    assert_eq!(letters(&store).await, left);
}

async fn what_waits_behind_another_failed_letter_goes_on_waiting(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    set_aside(&store, &lease, [parked(1, "k"), parked(2, "k"), waiting(3, "k")]).await;
    assert_eq!(discard(&store, "mails", at(1)).await, 1);
    assert_eq!(letters(&store).await, ["mails 2 k parked", "mails 3 k waiting"]);
    assert_eq!(discard(&store, "mails", at(2)).await, 1);
    assert_eq!(letters(&store).await, ["mails 3 k waiting due"]);
}

async fn a_discard_is_counted_as_an_order(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let before = stored(&store, "mails").await.instructions;
    discard(&store, "mails", DeadLetterSelection::All).await;
    assert_eq!(stored(&store, "mails").await.instructions, before + 1);
}

async fn a_discard_touches_no_other_subscription(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    fill(&a).await;
    let (twin, other) = (run(&b, "mails").await, run(&a, "other").await);
    set_aside(&b, &twin, [parked(1, "bob"), waiting(2, "bob")]).await;
    set_aside(&a, &other, [parked(1, "bob")]).await;
    discard(&b, "mails", DeadLetterSelection::All).await;
    assert_eq!(letters(&b).await, ["mails 2 bob waiting due"]);
    assert_eq!(letters(&a).await[..6], ORDER);
    discard(&a, "mails", at(3)).await;
    assert_eq!(letters(&a).await.last().map(String::as_str), Some("other 1 bob parked"));
    assert_eq!(discard(&a, "unknown", DeadLetterSelection::All).await, 0);
}
