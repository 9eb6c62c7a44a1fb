//! What is known of one subscription at one moment, and how it is said.

use std::time::Duration;

use factum::{OwnerId, Position, Progress, Rebuild, SubscriptionState, Timestamp};
use serde_json::{Value, json};

use super::alarm::Alarm;
use crate::text;

/// One subscription at one moment.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) progress: Progress,
    /// The end of the log.
    pub(super) head: Position,
    /// The end is what the owner last reported: the store's own log is empty.
    pub(super) reported: bool,
    pub(super) now: Timestamp,
    pub(super) alarms: Vec<Alarm>,
}

impl Look {
    pub(super) fn lag(&self) -> u64 {
        self.progress.lag(self.head)
    }

    /// Whether it differs from another look in more than the time and a sign of life.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let silent = |it: &Progress| Progress { beat: 0, beat_at: None, ..it.clone() };
        let alarms = |it: &Self| it.alarms.iter().map(Alarm::name).collect::<Vec<_>>();
        (self.head, alarms(self)) != (other.head, alarms(other))
            || silent(&self.progress) != silent(&other.progress)
    }

    /// What it does, orders that it has not followed yet included.
    pub(super) fn state(&self) -> String {
        let progress = &self.progress;
        let state = progress.report.state;
        match (&progress.paused, &progress.rebuild) {
            _ if state == SubscriptionState::Failed => state.to_string(),
            (Some(_), _) if state == SubscriptionState::Paused => state.to_string(),
            (Some(_), _) if progress.owner.is_none() => "paused".into(),
            (Some(_), _) => format!("{state}, to pause"),
            (None, Some(rebuild)) => match self.rebuilt(rebuild) {
                Some((done, all)) => format!("rebuilding {} %", percent(done, all)),
                None => "to rebuild".into(),
            },
            (None, None) => state.to_string(),
        }
    }

    /// How many events of a rebuild are done, and of how many; `None` before it begins.
    pub(super) fn rebuilt(&self, rebuild: &Rebuild) -> Option<(u64, u64)> {
        let target = rebuild.target?;
        let all = target.get().saturating_sub(rebuild.after.get());
        let done = self.progress.position.get().saturating_sub(rebuild.after.get());
        Some((done.min(all), all))
    }

    /// In one line, for a pipe.
    pub(super) fn line(&self, left: Option<Duration>) -> String {
        let progress = &self.progress;
        let mut line = format!(
            "{}: {}, {} of {}",
            progress.name,
            self.state(),
            text::number(progress.position.get()),
            text::number(self.head.get()),
        );
        if let Some(left) = left {
            line.extend([", ", &text::duration(left), " left"]);
        }
        for alarm in self.alarming() {
            line.extend(["; ", &alarm]);
        }
        line
    }

    /// What is alarming, in words: that it does not move goes without saying where nothing runs.
    pub(super) fn alarming(&self) -> impl Iterator<Item = String> + '_ {
        let runs = |it: &Alarm| matches!(it, Alarm::NotMoving(..) | Alarm::SetAside(..));
        let only = self.alarms.iter().all(runs);
        let said = self.alarms.iter().filter(move |it| only || !matches!(it, Alarm::NotMoving(..)));
        said.map(|it| it.words(self.now))
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let progress = &self.progress;
        let rebuild = progress.rebuild.as_ref().map(|it| {
            json!({
                "after": it.after.get(),
                "requested_at": it.requested_at.to_string(),
                "target": it.target.map(Position::get),
                "percent": self.rebuilt(it).map(|(done, all)| percent(done, all)),
            })
        });
        json!({
            "tenant": progress.tenant.as_ref().map(factum::TenantId::as_str),
            "name": progress.name.as_str(),
            "kind": progress.kind.as_str(),
            "version": progress.version,
            "reads": progress.shape,
            "state": progress.report.state.as_str(),
            "reason": progress.report.reason,
            "position": progress.position.get(),
            "head": self.head.get(),
            "head_reported": self.reported,
            "lag": self.lag(),
            "last_event": progress.last.map(|it| {
                json!({ "position": it.position.get(), "id": it.id.to_string() })
            }),
            "owner": progress.owner.as_ref().map(OwnerId::as_str),
            "epoch": progress.epoch.get(),
            "beat_at": progress.beat_at.map(|it| it.to_string()),
            "updated_at": progress.updated_at.to_string(),
            "paused": progress.paused.as_ref().map(|it| {
                let in_effect = progress.is_paused();
                json!({ "reason": it.reason, "at": it.at.to_string(), "in_effect": in_effect })
            }),
            "rebuild": rebuild,
            "parked_keys": progress.parked_keys,
            "waiting_events": progress.waiting_events,
            "dead_letters": progress.dead_letters,
            "alarms": self.alarms.iter().map(Alarm::name).collect::<Vec<_>>(),
        })
    }
}

/// How much is done of it all, rounded down.
pub(super) fn percent(done: u64, all: u64) -> u64 {
    let percent = u128::from(done) * 100 / u128::from(all.max(1));
    if all == 0 { 100 } else { u64::try_from(percent).unwrap_or(100) }
}

/// The part of an owner's name that says something to people: the machine and the process.
pub(super) fn owner(owner: &OwnerId) -> String {
    let name = owner.as_str();
    match name.split_once(" loop ") {
        Some((process, _)) => process.into(),
        None => text::cut(name, 32),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use factum::OwnerId;

    use super::{owner, percent};

    #[test]
    fn a_percent_is_reached_before_it_is_said() {
        for (done, all, said) in [(0, 0, 100), (0, 7, 0), (199, 200, 99), (200, 200, 100)] {
            assert_eq!(percent(done, all), said);
        }
        assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
    }

    #[test]
    fn of_an_owner_people_see_the_machine_and_the_process() {
        let loops = OwnerId::new("web-1 process 4711 loop 2 of ab-cd/17 99").unwrap();
        assert_eq!(owner(&loops), "web-1 process 4711");
        assert_eq!(owner(&OwnerId::new("somebody").unwrap()), "somebody");
    }
}
