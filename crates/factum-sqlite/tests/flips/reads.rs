//! Everything that can be read, asked of a store.

use std::fmt::Debug;

use factum_core::{
    Category, CategoryList, DeadLetterList, Direction, EventStoreExt, LogRead, Position,
    ProgressList, Query, QueryItem, RecordedEvent, SharedStore, SnapshotList, StoreError,
    StreamList, StreamPrefix, StreamRead,
};

use crate::build;

/// How right an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    /// The sound one, or an error.
    BeRight,
    /// Some of the sound one's lines or an error: `docs/sqlite.md` says so.
    BePart,
}

/// What was asked, and what was answered.
pub(crate) struct Answer {
    what: String,
    answer: Result<Lines, String>,
}

/// An answer in parts that can be compared.
#[derive(Debug, PartialEq)]
enum Lines {
    /// All of them.
    Events(Vec<RecordedEvent>),
    /// What each says.
    Texts(Must, Vec<String>),
}

impl Answer {
    /// What is wrong with it.
    pub(crate) fn wrong(&self, sound: &Self) -> Option<String> {
        let (Ok(found), Ok(expected)) = (&self.answer, &sound.answer) else {
            // An error of the sound store is a refusal, such as that of a deleted stream.
            let refused = sound.answer.is_err() && self.answer.is_ok();
            return refused.then(|| format!("{}: was to be refused", self.what));
        };
        let right = match (found, expected) {
            (Lines::Texts(Must::BePart, found), Lines::Texts(_, expected)) => {
                found.iter().all(|line| expected.contains(line))
            }
            _ => found == expected,
        };
        (!right).then(|| format!("{}: expected {expected:?}, found {found:?}", self.what))
    }
}

/// Of so many questions of a sort one is asked, another one at each turn.
pub(crate) const TURNS: usize = 4;

/// The answers in the making.
struct Asked {
    turn: usize,
    questions: usize,
    answers: Vec<Answer>,
}

impl Asked {
    /// Whether the next question is for another turn.
    fn skips(&mut self) -> bool {
        self.questions += 1;
        self.questions % TURNS != self.turn
    }

    fn note<T: Debug>(&mut self, must: Must, what: String, answer: Result<Vec<T>, StoreError>) {
        let texts = |lines: Vec<T>| lines.iter().map(|line| format!("{line:?}")).collect();
        let answer = answer.map(|lines| Lines::Texts(must, texts(lines)));
        self.answers.push(Answer { what, answer: answer.map_err(|error| error.to_string()) });
    }

    fn one<T: Debug>(&mut self, what: String, answer: Result<T, StoreError>) {
        self.note(Must::BeRight, what, answer.map(|it| vec![it]));
    }

    fn events(&mut self, what: String, read: Result<Vec<RecordedEvent>, StoreError>) {
        let answer = read.map(Lines::Events).map_err(|error| error.to_string());
        self.answers.push(Answer { what, answer });
    }
}

pub(crate) async fn all(all: &SharedStore, turn: usize) -> Vec<Answer> {
    let mut asked = Asked { turn: turn % TURNS, questions: 0, answers: Vec::new() };
    asked.one("head".into(), all.head().await);
    asked.events("the log of all tenants".into(), all.collect(LogRead::default()).await);
    queries(&mut asked, all, "all tenants", 3).await;
    for (tenant, every) in build::tenants().into_iter().zip([1, 2]) {
        let Ok(store) = all.for_tenant(&tenant) else { continue };
        let name = tenant.as_str();
        asked.events(format!("the log of {name}"), store.collect(LogRead::default()).await);
        streams(&mut asked, &store, name, every).await;
        queries(&mut asked, &store, name, every).await;
        // Those of the other tenant have numbers of 8 and 7 over.
        for number in (0..=build::CLAIMS + 4).rev().step_by(every) {
            if asked.skips() {
                continue;
            }
            let owner = store.claim_owner(&build::claim(number)).await;
            asked.one(format!("claim {number} of {name}"), owner);
        }
        for number in (0..=build::COMMANDS + 2).step_by(every) {
            if asked.skips() {
                continue;
            }
            let recalled = store.recall(&build::command(number)).await;
            let recalled = recalled.map(|it| it.map(|it| (it.target, it.appended)));
            asked.one(format!("command {number} of {name}"), recalled);
        }
        for number in [0, 5, 9] {
            let latest = store.latest_snapshot(&build::stream(number), &build::kind(), None).await;
            // One that is lost costs time: a load takes an earlier one, or replays.
            let stream = latest.map(|it| it.into_iter().map(|it| it.stream).collect());
            asked.note(Must::BePart, format!("snapshot of {number} of {name}"), stream);
        }
    }
    lists(&mut asked, all).await;
    asked.answers
}

async fn streams(asked: &mut Asked, store: &SharedStore, name: &str, every: usize) {
    for number in (0..=build::STREAMS).rev().step_by(every) {
        if asked.skips() {
            continue;
        }
        let stream = build::stream(number);
        let (forward, backward) =
            (StreamRead::forward(stream.clone()), StreamRead::backward(stream.clone()));
        if number % 5 == 1 {
            let few = StreamRead { page_events_max: 2, ..backward };
            let before = StreamRead { through: Some(Position::new(130)), ..few.clone() };
            asked.events(format!("{stream} of {name} backward"), store.collect_stream(few).await);
            asked.events(format!("{stream} before 130"), store.collect_stream(before).await);
            asked.one(format!("what {stream} of {name} is"), store.stream(&stream).await);
            let before = StreamRead { through: Some(Position::new(130)), ..forward.clone() };
            asked.events(format!("{stream} to 130"), store.collect_stream(before).await);
        }
        asked.events(format!("{stream} of {name}"), store.collect_stream(forward.clone()).await);
        if number % 8 == 0 {
            let again = format!("{stream} of {name} again");
            asked.events(again, store.collect_stream(forward).await);
        }
    }
}

/// Asks for every so many of the queries.
async fn queries(asked: &mut Asked, store: &SharedStore, name: &str, every: usize) {
    let tag = |number| QueryItem::default().tag(build::tag(number));
    let correlation = |number| QueryItem::default().correlation(build::correlation(number));
    let event_type = |number| QueryItem::default().event_type(build::event_type(number));
    let category = |name| QueryItem::default().category(Category::new(name).unwrap());
    let prefix = |text| QueryItem::stream_prefix(StreamPrefix::new(text).unwrap());
    let mut items: Vec<QueryItem> = (0..=build::TAGS).map(tag).collect();
    items.extend((0..8).map(|it| tag(1_000 + it * 6)));
    items.extend((0..=6).map(correlation));
    items.extend((0..10).map(event_type));
    items.extend(["account", "order", "nothing"].map(category));
    for number in 0..6 {
        let item = tag(number).correlation(build::correlation(number));
        items.extend([item.clone(), item.event_type(build::event_type(number))]);
    }
    items.extend((0..=build::STREAMS).step_by(3).map(|it| QueryItem::stream(build::stream(it))));
    items.extend(["account/number-1", "order/", "order/number-11"].map(prefix));
    items.push(tag(3).of_streams(build::stream(3)));
    for (number, item) in items.into_iter().enumerate().step_by(every) {
        if asked.skips() {
            continue;
        }
        let (after, page_events_max) = if number % 3 == 0 { (120, 3) } else { (0, 1_000) };
        let direction = if number % 4 == 1 { Direction::Backward } else { Direction::Forward };
        let what = format!("{item:?} of {name} after {after}, {direction:?}");
        let read = LogRead::after(item, Position::new(after));
        let read = LogRead { page_events_max, direction, ..read };
        asked.events(what, store.collect(read).await);
    }
    let two = Query::any_of([
        QueryItem::default().tag(build::tag(3)).event_type(build::event_type(2)),
        QueryItem::default().tag(build::tag(1_010)),
    ]);
    let read = LogRead::after(two, Position::START);
    asked.events(format!("two alternatives of {name}"), store.collect(read).await);
}

async fn lists(asked: &mut Asked, all: &SharedStore) {
    let list = all.streams(StreamList::default()).await;
    asked.note(Must::BePart, "streams".into(), list);
    let list = all.categories(CategoryList::default()).await;
    let names = list.map(|list| list.into_iter().map(|it| (it.tenant, it.category)).collect());
    asked.note(Must::BePart, "categories".into(), names);
    let list = all.snapshots(SnapshotList::default()).await;
    asked.note(Must::BePart, "snapshots".into(), list);
    let list = all.subscriptions(ProgressList::default()).await;
    asked.note(Must::BePart, "subscriptions".into(), list);
    let list = DeadLetterList { waiting: true, ..DeadLetterList::default() };
    asked.note(Must::BePart, "dead letters".into(), all.dead_letters(list).await);
    let Ok(store) = all.for_tenant(&build::tenants()[0]) else { return };
    for number in 0..=build::SUBSCRIPTIONS {
        if asked.skips() {
            continue;
        }
        let progress = store.progress(&build::subscription(number)).await;
        asked.one(format!("subscription {number}"), progress);
    }
}
