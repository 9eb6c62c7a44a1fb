//! What the child said before it died, kept where the child's death cannot reach it.

use std::collections::BTreeMap;

use factum_core::{AppendRequest, Appended, Digest};
use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::workload::{Seen, Shape};

/// One line from the child, written in one piece before anything that depends on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    /// The append is about to be asked for.
    Intent { label: Label, seen: Seen },
    /// It was acknowledged.
    Acknowledged { label: Label, answer: Answer },
    /// It was refused, or failed in a way that stores nothing.
    Refused { label: Label, why: String },
    /// It failed in a way that says nothing about what is stored.
    Unknown { label: Label },
    /// A backup to this file name is about to be taken.
    BackupBegun { name: String },
    /// It was acknowledged, up to this position.
    BackupDone { name: String, position: u64 },
    /// The child itself saw something that must not be.
    Wrong { what: String },
}

/// The parts of an acknowledgement that must be found again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) first: Option<u64>,
    pub(crate) last: u64,
    pub(crate) streams: Vec<(String, u64)>,
}

impl From<&Appended> for Answer {
    fn from(appended: &Appended) -> Self {
        let streams = appended.streams.iter();
        Self {
            first: appended.first.map(factum_core::Position::get),
            last: appended.last.get(),
            streams: streams.map(|(name, last)| (name.as_str().to_owned(), last.get())).collect(),
        }
    }
}

/// How an append ended, as far as the child said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Acknowledged(Answer),
    Refused,
    Unknown,
}

/// One append that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Everything that was asked for, made again from the label.
    pub(crate) request: AppendRequest,
    pub(crate) end: End,
    /// The highest position that was acknowledged before this append was asked for.
    pub(crate) floor: u64,
}

/// One backup that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Backup {
    pub(crate) name: String,
    /// How far it reaches, if it was acknowledged.
    pub(crate) position: Option<u64>,
}

/// Everything said about one store, over all rounds that it lived through.
#[derive(Debug)]
pub(crate) struct Witness {
    seed: u64,
    pub(crate) entries: BTreeMap<Label, Entry>,
    pub(crate) backups: Vec<Backup>,
    pub(crate) wrong: Vec<String>,
    /// The highest position acknowledged to each child that is alive. Two children's lines can
    /// arrive in another order than they were written, so each is compared with its own only.
    floors: BTreeMap<u32, u64>,
    /// The log as the last check saw it: its head and its digest.
    checked: Option<(u64, Digest)>,
    /// The first round that was not checked yet.
    round: u32,
}

impl Witness {
    /// A witness of a store that nothing was asked of yet.
    pub(crate) fn new(seed: u64) -> Self {
        let (entries, floors) = (BTreeMap::new(), BTreeMap::new());
        Self {
            seed,
            entries,
            backups: Vec::new(),
            wrong: Vec::new(),
            floors,
            checked: None,
            round: 0,
        }
    }

    /// A round was checked, with the log at `head`; the next one begins there.
    pub(crate) fn begin_round(&mut self, head: u64, digest: Digest) {
        self.checked = Some((head, digest));
        self.round = self.entries.keys().next_back().map_or(0, |label| label.round + 1);
        self.floors.clear();
        self.backups.clear();
    }

    /// The head and digest that the last check saw.
    pub(crate) fn checked(&self) -> Option<(u64, Digest)> {
        self.checked
    }

    /// The head when the current round began.
    pub(crate) fn head_before(&self) -> u64 {
        self.checked.map_or(0, |(head, _)| head)
    }

    /// The appends of the newest round.
    pub(crate) fn of_this_round(&self) -> impl Iterator<Item = (&Label, &Entry)> {
        self.entries.iter().filter(|(label, _)| label.round >= self.round)
    }

    /// Takes one line of a child in.
    pub(crate) fn hear(&mut self, child: u32, line: Line) {
        match line {
            Line::Intent { label, seen } => {
                let request = Shape::draw(self.seed, label).request(seen);
                let floor = self.floors.get(&child).copied().unwrap_or(0).max(self.head_before());
                self.entries.insert(label, Entry { request, end: End::Unknown, floor });
            }
            Line::Acknowledged { label, answer } => {
                let floor = self.floors.entry(child).or_default();
                *floor = answer.last.max(*floor);
                self.ended(label, End::Acknowledged(answer));
            }
            Line::Refused { label, .. } => self.ended(label, End::Refused),
            Line::Unknown { label } => self.ended(label, End::Unknown),
            Line::BackupBegun { name } => self.backups.push(Backup { name, position: None }),
            Line::BackupDone { name, position } => {
                let begun = self.backups.iter_mut().find(|it| it.name == name);
                if let Some(backup) = begun {
                    backup.position = Some(position);
                }
            }
            Line::Wrong { what } => self.wrong.push(what),
        }
    }

    /// Notes how an append ended.
    pub(crate) fn ended(&mut self, label: Label, end: End) {
        match self.entries.get_mut(&label) {
            Some(entry) => entry.end = end,
            None => self.wrong.push(format!("append {label} ended without having begun")),
        }
    }
}
