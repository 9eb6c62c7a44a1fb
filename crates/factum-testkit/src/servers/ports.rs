//! Ports for servers.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use super::error::ServerError;

const FIRST: u16 = 16_384;
const LAST: u16 = 32_000;
const LOOKS: u32 = 100;

const STARTS: u32 = 5;
const TAKEN: &str = "Address already in use";

/// A port of the loopback interface that was free a moment ago.
///
/// Not one that the system hands out by itself, if that can be avoided. Those also serve as the
/// near ends of outgoing connections: while a server is down, one could be taken, or a client that
/// keeps trying to reach the server could even be connected to itself.
pub(super) fn free() -> Result<u16, ServerError> {
    let last = LAST.min(first_handed_out().saturating_sub(1));
    let candidates = (0..LOOKS).filter(|_| FIRST < last).map(|_| fastrand::u16(FIRST..=last));
    let free = candidates.into_iter().find_map(|port| bound(port).ok());
    free.map_or_else(|| bound(0).map_err(ServerError::io("find a free port")), Ok)
}

/// Starts a server, and starts it again with another port if the one it got was taken by another
/// process between our look and its own.
pub(super) fn tried_again<S>(start: impl Fn() -> Result<S, ServerError>) -> Result<S, ServerError> {
    let mut outcome = start();
    for _ in 1..STARTS {
        match &outcome {
            Err(ServerError::Ended { said, .. }) if said.contains(TAKEN) => outcome = start(),
            _ => break,
        }
    }
    outcome
}

fn bound(port: u16) -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr()?.port())
}

/// Where the ports begin that the system hands out.
fn first_handed_out() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free().expect("some port is free");
        assert!(bound(port).is_ok());
    }

    #[test]
    fn only_a_taken_port_is_tried_again() {
        let starts = std::cell::Cell::new(0);
        let failing = |said: &str| {
            starts.set(0);
            let outcome: Result<(), _> = tried_again(|| {
                starts.set(starts.get() + 1);
                Err(ServerError::Ended { program: "server".into(), said: said.into() })
            });
            assert!(outcome.is_err());
            starts.get()
        };
        assert_eq!(failing("could not bind: Address already in use"), STARTS);
        assert_eq!(failing("no space left"), 1);
    }
}
