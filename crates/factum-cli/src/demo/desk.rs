//! The loan desk: what happens to one application, by chance but not by accident.
//!
//! Applications come in at any hour and are scored at once. A tenth is declined by the score. The
//! others wait for an officer, who works office hours, calls about incomplete files, assesses,
//! and makes an offer or declines. Applicants accept, let offers lapse, cancel, or try again.

use factum::{EventId, Timestamp};
use fastrand::Rng;
use serde_json::{Value, json};

use super::calendar::{DAY, HOUR, MINUTE, office_time};

const OFFICERS: [&str; 8] = ["amal", "bea", "chen", "dora", "eli", "fatma", "goran", "hana"];
const PAPERS: [&str; 4] = ["proof of income", "bank statement", "tenancy agreement", "passport"];
const REASONS: [&str; 3] = ["income too low", "debts too high", "papers do not match"];

/// One event of an application.
#[derive(Clone, Debug)]
pub(super) struct DeskEvent {
    pub(super) application: u64,
    pub(super) at: Timestamp,
    pub(super) id: EventId,
    pub(super) event_type: &'static str,
    pub(super) causation: String,
    /// An officer's name, or the applicant's number.
    pub(super) principal: String,
    pub(super) officer: Option<&'static str>,
    pub(super) payload: Value,
}

/// All that happens to application `number`, submitted at `at`.
pub(super) fn application(seed: u64, number: u64, at: Timestamp) -> Vec<DeskEvent> {
    let rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number));
    let mut story = Story { seed, number, rng, at, officer: "", events: Vec::new() };
    story.tell();
    story.events
}

/// How the applicant is called in tags and as principal.
pub(super) fn applicant(number: u64) -> String {
    format!("a{number:05}")
}

struct Story {
    seed: u64,
    number: u64,
    rng: Rng,
    at: Timestamp,
    officer: &'static str,
    events: Vec<DeskEvent>,
}

impl Story {
    fn tell(&mut self) {
        let mut amount = 1_000 * self.rng.u64(2..60);
        let submit = format!("submit-{:05}", self.number);
        let months = 12 * self.rng.u64(1..8);
        let payload = json!({ "amount": amount, "months": months });
        let mut submitted = self.event("application.submitted", submit, "", payload);
        for attempt in 0..2 {
            self.wait(2, 90);
            let score = self.rng.u64(0..1_000);
            let scored =
                self.event("application.scored", submitted, "scoring", json!({ "score": score }));
            if score < 100 {
                self.event("application.declined", scored, "scoring", json!({ "reason": "score" }));
            } else if !self.at_the_desk(&scored, amount) {
                return;
            }
            // Declined: one in three tries again with less.
            if attempt > 0 || self.rng.u64(0..3) > 0 {
                return;
            }
            self.wait(2 * DAY / 1_000_000, 20 * DAY / 1_000_000);
            let (before, cause) = (amount, self.last());
            amount = (amount / 2_000).max(1) * 1_000;
            let payload = json!({ "amount": amount, "before": before });
            submitted = self.event("application.resubmitted", cause, "", payload);
        }
    }

    /// From the assignment to the decision; true if it is to decline.
    fn at_the_desk(&mut self, scored: &str, amount: u64) -> bool {
        self.office_wait(20 * MINUTE, 30 * HOUR);
        self.officer = OFFICERS[self.rng.usize(..OFFICERS.len())];
        let officer = self.officer;
        let assigned = self.event(
            "application.assigned",
            scored.into(),
            "desk",
            json!({ "officer": officer }),
        );
        self.office_wait(10 * MINUTE, 9 * HOUR);
        if self.rng.u64(0..100) < 40 && !self.file_completed(&assigned) {
            return false;
        }
        let started = self.event("assessment.started", assigned, officer, json!({}));
        self.office_wait(15 * MINUTE, 5 * HOUR);
        let risk = ["low", "medium", "high"][self.rng.usize(..3)];
        let finished = self.event("assessment.finished", started, officer, json!({ "risk": risk }));
        self.office_wait(5 * MINUTE, 26 * HOUR);
        if self.rng.u64(0..100) < 24 {
            let reason = REASONS[self.rng.usize(..REASONS.len())];
            self.event("application.declined", finished, officer, json!({ "reason": reason }));
            return true;
        }
        let percent =
            3.0 + self.rng.u64(0..60).to_string().parse::<f64>().unwrap_or_default() / 10.0;
        let offer = self.event(
            "offer.made",
            finished,
            officer,
            json!({ "amount": amount, "percent": percent }),
        );
        self.answer(&offer, amount);
        false
    }

    /// Calls about missing papers until they are there; false if the applicant gives up.
    fn file_completed(&mut self, assigned: &str) -> bool {
        let paper = PAPERS[self.rng.usize(..PAPERS.len())];
        let payload = json!({ "missing": paper });
        let missing = self.event("file.incomplete", assigned.into(), self.officer, payload);
        for call in 1..=self.rng.u64(1..4) {
            self.office_wait(5 * MINUTE, 2 * DAY);
            let reached = self.rng.u64(0..3) > 0;
            let payload = json!({ "call": call, "reached": reached });
            self.event("applicant.called", missing.clone(), self.officer, payload);
        }
        if self.rng.u64(0..100) < 12 {
            self.wait(DAY / 1_000_000, 9 * DAY / 1_000_000);
            self.event("application.cancelled", missing, "", json!({ "reason": "no papers" }));
            return false;
        }
        self.wait(HOUR / 1_000_000, 4 * DAY / 1_000_000);
        let received = self.event("papers.received", missing, "", json!({ "papers": [paper] }));
        self.office_wait(20 * MINUTE, 8 * HOUR);
        self.event("file.completed", received, self.officer, json!({}));
        true
    }

    fn answer(&mut self, offer: &str, amount: u64) {
        self.wait(HOUR / 1_000_000, 8 * DAY / 1_000_000);
        match self.rng.u64(0..100) {
            0..72 => {
                let accepted = self.event("offer.accepted", offer.into(), "", json!({}));
                self.office_wait(HOUR, 2 * DAY);
                let signed = self.event("contract.signed", accepted, self.officer, json!({}));
                self.office_wait(2 * HOUR, DAY);
                self.event("loan.paid-out", signed, "payments", json!({ "amount": amount }));
            }
            72..88 => {
                let refused = self.event("offer.refused", offer.into(), "", json!({}));
                self.event("application.cancelled", refused, "", json!({ "reason": "other bank" }));
            }
            _ => {
                self.wait(10 * DAY / 1_000_000, 14 * DAY / 1_000_000);
                self.event("offer.expired", offer.into(), "desk", json!({}));
            }
        }
    }

    /// Lets `from` to `to` seconds pass, shorter times more often.
    fn wait(&mut self, from: i64, to: i64) {
        let (a, b) = (self.rng.i64(from..=to), self.rng.i64(from..=to));
        self.at = self.at.plus_millis(a.min(b) * 1_000 + self.rng.i64(0..1_000));
    }

    /// The same, in microseconds, and then until the office is open.
    fn office_wait(&mut self, from: i64, to: i64) {
        self.wait(from / 1_000_000, to / 1_000_000);
        self.at = office_time(self.at);
    }

    fn last(&self) -> String {
        self.events.last().map(|event| event.id.to_string()).unwrap_or_default()
    }

    /// Notes an event and gives its id. Without a name the applicant acts.
    fn event(
        &mut self,
        event_type: &'static str,
        causation: String,
        principal: &str,
        payload: Value,
    ) -> String {
        let place = self.events.len() as u64;
        let parts = [self.seed, self.number, place].map(u64::to_le_bytes);
        let id = EventId::from_content(&[b"loan desk", &parts[0], &parts[1], &parts[2]]);
        let principal =
            if principal.is_empty() { applicant(self.number) } else { principal.into() };
        let officer = OFFICERS.iter().find(|name| **name == self.officer).copied();
        self.events.push(DeskEvent {
            application: self.number,
            at: self.at,
            id,
            event_type,
            causation,
            principal,
            officer,
            payload,
        });
        id.to_string()
    }
}
