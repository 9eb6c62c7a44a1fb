//! What is alarming about a subscription.

use factum::{Position, Progress, SubscriptionState, Timestamp};

use crate::text;

/// A lease that was not renewed for this long is that of a program that is gone.
const SILENT_AFTER_S: i64 = 30;

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// It gave up.
    Failed(String),
    /// Nobody holds its lease, or whoever does is silent; since then, if it ever ran.
    NobodyRunsIt(Option<Timestamp>),
    /// So many events are left, and the checkpoint has not moved since.
    NotMoving(u64, Timestamp),
    /// So many events failed and are set aside, and so many wait behind them.
    SetAside(u64, u64),
}

impl Alarm {
    /// Every alarm there is about what is stored, `head` being that of the log and `now` the time.
    /// Whether the next event has waited for long is judged by whoever can read the log.
    pub(super) fn of(
        progress: &Progress,
        head: Position,
        now: Timestamp,
        stall_after_s: u32,
    ) -> Vec<Self> {
        let mut alarms = Vec::new();
        if progress.report.state == SubscriptionState::Failed {
            alarms.push(Self::Failed(progress.report.reason.clone().unwrap_or_default()));
        } else if !is_heard(progress, now) {
            alarms.push(Self::NobodyRunsIt(progress.beat_at));
        }
        let (lag, moved) = (progress.lag(head), progress.updated_at);
        if lag > 0 && progress.paused.is_none() && is_older(moved, now, stall_after_s.into()) {
            alarms.push(Self::NotMoving(lag, moved));
        }
        let (failed, waiting) = (progress.dead_letters, progress.waiting_events);
        if failed + waiting > 0 {
            alarms.push(Self::SetAside(failed, waiting));
        }
        alarms
    }

    /// The stable name for programs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::NobodyRunsIt(_) => "nobody-runs-it",
            Self::NotMoving(..) => "not-moving",
            Self::SetAside(..) => "set-aside",
        }
    }

    /// Whether it does not do its work, as a program's own health would say.
    pub(super) const fn is_severe(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::NotMoving(..))
    }

    /// In words, without the name of the subscription.
    pub(super) fn words(&self, now: Timestamp) -> String {
        match self {
            Self::Failed(reason) if reason.is_empty() => "failed".into(),
            Self::Failed(reason) => format!("failed: {}", text::first_line(reason)),
            Self::NobodyRunsIt(None) => "nobody runs it, nor ever did".into(),
            Self::NobodyRunsIt(Some(heard)) => {
                format!("nobody runs it, last heard of {}", text::ago(*heard, now))
            }
            Self::NotMoving(lag, moved) => {
                let (events, moved) = (text::count(*lag, "event"), text::ago(*moved, now));
                format!("behind by {events} and not moving, last moved {moved}")
            }
            Self::SetAside(failed, waiting) => format!(
                "{} failed and set aside, {} waiting",
                text::count(*failed, "event"),
                text::number(*waiting)
            ),
        }
    }
}

/// Whether somebody holds the lease and has shown lately that it lives.
pub(super) fn is_heard(progress: &Progress, now: Timestamp) -> bool {
    let silent = progress.beat_at.is_none_or(|it| is_older(it, now, SILENT_AFTER_S));
    progress.owner.is_some() && !silent
}

pub(super) fn is_older(at: Timestamp, now: Timestamp, seconds: i64) -> bool {
    at.plus_millis(seconds.saturating_mul(1_000)) < now
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use factum::{
        OwnerId, Pause, Position, Progress, Registration, SubscriptionKind, SubscriptionName,
        SubscriptionReport, SubscriptionState, Timestamp,
    };

    use super::Alarm;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(0).plus_millis(millis)
    }

    /// One that runs, whose last beat and last step were at 0, at position 5.
    fn running() -> Progress {
        let registration = Registration {
            name: SubscriptionName::new("balances").unwrap(),
            kind: SubscriptionKind::Projection,
            version: 1,
            shape: "every event".into(),
            start: Position::new(5),
        };
        let mut progress = Progress::new(None, registration, at(0));
        progress.owner = Some(OwnerId::new("me").unwrap());
        progress.beat_at = Some(at(0));
        progress
    }

    fn names(progress: &Progress, head: u64, now: Timestamp) -> Vec<&'static str> {
        let alarms = Alarm::of(progress, Position::new(head), now, 60);
        alarms.iter().map(Alarm::name).collect()
    }

    #[test]
    fn silence_is_an_alarm_after_half_a_minute() {
        let progress = running();
        assert!(names(&progress, 5, at(30_000)).is_empty());
        assert_eq!(names(&progress, 5, at(30_001)), ["nobody-runs-it"]);
        let left = Progress { owner: None, ..progress };
        assert_eq!(names(&left, 5, at(0)), ["nobody-runs-it"]);
    }

    #[test]
    fn standing_still_is_an_alarm_where_there_is_something_to_do_and_no_pause() {
        let progress = Progress { beat_at: Some(at(MINUTE)), ..running() };
        assert!(names(&progress, 6, at(MINUTE)).is_empty());
        assert!(names(&progress, 5, at(MINUTE + 1)).is_empty());
        assert_eq!(names(&progress, 6, at(MINUTE + 1)), ["not-moving"]);
        let pause = Pause { reason: String::new(), at: at(0) };
        let paused = Progress { paused: Some(pause), ..progress };
        assert!(names(&paused, 6, at(MINUTE + 1)).is_empty());
    }

    #[test]
    fn what_is_set_aside_is_an_alarm_also_while_it_waits_to_be_tried() {
        let aside = Progress { dead_letters: 1, waiting_events: 2, ..running() };
        let alarms = Alarm::of(&aside, Position::new(5), at(0), 60);
        let words: Vec<_> = alarms.iter().map(|it| it.words(at(0))).collect();
        assert_eq!(words, ["1 event failed and set aside, 2 waiting"]);
        assert!(!alarms[0].is_severe());
        let discarded = Progress { waiting_events: 2, ..running() };
        assert_eq!(names(&discarded, 5, at(0)), ["set-aside"]);
    }

    #[test]
    fn one_that_failed_is_not_said_to_be_left_alone_as_well() {
        let report = SubscriptionReport {
            state: SubscriptionState::Failed,
            reason: Some("no room\nat all".into()),
            head: Position::new(5),
        };
        let failed = Progress { owner: None, report, ..running() };
        let alarms = Alarm::of(&failed, Position::new(5), at(0), 60);
        assert_eq!(
            alarms.iter().map(|it| it.words(at(0))).collect::<Vec<_>>(),
            ["failed: no room"]
        );
    }
}
