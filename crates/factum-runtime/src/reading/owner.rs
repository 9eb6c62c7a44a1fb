//! Who a loop is to the others, and whether another one is certainly gone.
//!
//! An owner that is gone leaves its lease behind. Others wait until it has not been renewed for its
//! whole time, unless they can tell at once: the owner ran on this machine since it was started, in
//! this namespace of processes, and its process is not there any more. A mistake would cost nothing
//! but work: the store refuses whatever an owner stores whose lease was given on.

use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::OwnerId;

static LOOPS: AtomicU64 = AtomicU64::new(1);

/// A name for one loop of this process.
pub(crate) fn new_owner() -> OwnerId {
    owner_in(std::process::id())
}

fn owner_in(process: u32) -> OwnerId {
    let number = LOOPS.fetch_add(1, Ordering::Relaxed);
    let started = started_at(process).unwrap_or_else(|| "-".into());
    let host: String = read("/proc/sys/kernel/hostname").chars().take(64).collect();
    let host = if host.is_empty() { "?" } else { host.as_str() };
    let text = format!("{host} process {process} loop {number} of {} {started}", world());
    OwnerId::new(&text).expect("a host's name and numbers make a short line of text")
}

/// Whether the process that made `owner` has certainly ended.
pub(crate) fn is_gone(owner: &OwnerId) -> bool {
    let words: Vec<&str> = owner.as_str().split(' ').collect();
    let [.., "process", process, "loop", _, "of", world_then, started] = words[..] else {
        return false;
    };
    let (Ok(process), false) = (process.parse(), started == "-") else { return false };
    // Where processes hide from one another, that one cannot be seen says nothing.
    let all_seen = !read("/proc/1/stat").is_empty();
    all_seen && world_then == world() && started_at(process).is_none_or(|now| now != started)
}

/// This machine since it was started, and the namespace in which processes are counted.
fn world() -> String {
    let boot = read("/proc/sys/kernel/random/boot_id");
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let space: String = space.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    if boot.is_empty() || space.is_empty() {
        // Where that cannot be known, no two worlds are the same.
        return format!("?{:x}", fastrand::u64(..));
    }
    format!("{boot}/{space}")
}

/// When a process was started, as the kernel counts; `None` if there is no such process.
fn started_at(process: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything; the fields that count come after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None; // It has ended, and only its parent does not know yet.
    }
    fields.nth(18).map(String::from)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).map(|it| it.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use std::process::{Command, Stdio};
    use std::sync::Arc;
    use std::time::Duration;

    use factum_core::{
        EventSubscriber, HandlerError, LeaseAnswer, LeaseClaim, MemoryStore, OwnerId, Query,
        SharedStore, SubscriptionState,
    };

    use super::{is_gone, new_owner, owner_in};
    use crate::{Subscription, SubscriptionSettings};

    /// Whoever stands by looks whether the owner's process is there, again and again: its lease would last
    /// for a day.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_lease_of_a_process_that_is_killed_is_taken_over_long_before_its_time() {
        let store: SharedStore = Arc::new(MemoryStore::default());
        let mut owner = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let subscriber = EventSubscriber::raw("standing-by", &Query::all(), |_| {
            std::future::ready(Ok::<(), HandlerError>(()))
        });
        let name = subscriber.reads().name().clone();
        let start = factum_core::Position::START;
        store.register(subscriber.reads().registration(start)).await.unwrap();
        let claim = LeaseClaim { name, owner: owner_in(owner.id()), expired: None };
        let held = store.claim_lease(claim).await.unwrap();
        assert!(matches!(held, LeaseAnswer::Granted(..)));
        let day =
            SubscriptionSettings { lease_ms: 86_400_000, standby_ms: 5, ..Default::default() };
        let running = Subscription::deliver(store, subscriber).with_settings(day).spawn();
        let in_time = Duration::from_mins(2);
        let stands_by =
            running.wait_for(|it| it.reason.as_ref().is_some_and(|it| it.contains("run by")));
        tokio::time::timeout(in_time, stands_by).await.unwrap().unwrap();
        owner.kill().unwrap();
        let takes_over = running.wait_for(|it| it.state == SubscriptionState::Live);
        tokio::time::timeout(in_time, takes_over).await.unwrap().unwrap();
        owner.wait().unwrap();
        assert_eq!(running.status().epoch.get(), 2);
    }

    #[test]
    fn only_a_process_that_ended_here_is_gone() {
        let own = new_owner();
        assert!(!is_gone(&own), "this process runs: {own}");
        let process = format!("process {}", std::process::id());
        let other = own.as_str().replace(&process, "process 4194999");
        assert!(is_gone(&OwnerId::new(&other).unwrap()), "no process has this number: {other}");
        let elsewhere = other.replace(" of ", " of x");
        assert!(!is_gone(&OwnerId::new(&elsewhere).unwrap()), "another machine's is not known");
        assert!(!is_gone(&OwnerId::new("somebody").unwrap()));
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let own = new_owner();
        let (rest, started) = own.as_str().rsplit_once(' ').unwrap();
        let before = format!("{rest} {started}1");
        assert!(is_gone(&OwnerId::new(&before).unwrap()));
    }
}
