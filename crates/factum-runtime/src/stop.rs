//! The signal by which whatever runs for long is asked to end.

use tokio_util::sync::CancellationToken;

/// Asks everything that holds one of its signals to stop.
///
/// Dropping it asks too: once nobody can ask any more, what it started would run on unseen. Keep it
/// for as long as the work should go on.
///
/// # Examples
///
/// ```
/// use factum_runtime::Stopper;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let stopper = Stopper::new();
/// let stop = stopper.signal();
/// assert!(!stop.is_requested());
/// stopper.stop();
/// stop.requested().await;
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Stopper {
    token: CancellationToken,
}

impl Stopper {
    /// One that has not asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks, once and for all; asking again changes nothing.
    pub fn stop(&self) {
        self.token.cancel();
    }

    /// A signal that shows what this one asks, for a loop to look at.
    pub fn signal(&self) -> Stop {
        Stop { token: self.token.clone() }
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

/// Shows whether stopping was requested. Clones are cheap and show the same.
///
/// It only asks: a loop ends its step, gives back what it holds, and returns.
#[derive(Clone, Debug)]
pub struct Stop {
    token: CancellationToken,
}

impl Stop {
    /// A signal that never comes.
    pub fn never() -> Self {
        Self { token: CancellationToken::new() }
    }

    /// Whether it has come.
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until it comes; at once if it has come already.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a signal that has come stays.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// A signal that comes with this one, or earlier by a [`Stopper`] of its own, which does not
    /// reach this one.
    #[must_use = "a stopper that is dropped asks at once"]
    pub fn child(&self) -> (Stopper, Self) {
        let stopper = Stopper { token: self.token.child_token() };
        let signal = stopper.signal();
        (stopper, signal)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_stopper_asks_all_signals_once_and_for_all() {
        let stopper = Stopper::new();
        let (early, clone) = (stopper.signal(), stopper.signal().clone());
        assert!(early.requested().now_or_never().is_none() && !clone.is_requested());
        stopper.stop();
        stopper.stop();
        for stop in [early, clone, stopper.signal()] {
            assert!(stop.is_requested() && stop.requested().now_or_never().is_some());
        }
    }

    #[test]
    fn dropping_the_stopper_asks() {
        let stopper = Stopper::new();
        let stop = stopper.signal();
        drop(stopper);
        assert!(stop.is_requested());
    }

    #[test]
    fn nobody_asks_never() {
        assert!(!Stop::never().is_requested());
        assert!(Stop::never().requested().now_or_never().is_none());
    }

    #[test]
    fn a_child_stops_with_its_parent_and_not_the_other_way_round() {
        let parent = Stopper::new();
        let (first, child) = parent.signal().child();
        let (_second, sibling) = parent.signal().child();
        first.stop();
        assert!(child.is_requested() && !sibling.is_requested());
        assert!(!parent.signal().is_requested());
        parent.stop();
        assert!(sibling.is_requested());
    }
}
