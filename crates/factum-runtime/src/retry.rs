//! How often to try again, and how long to wait before.

use std::time::Duration;

/// A bounded number of attempts with growing, jittered pauses between them.
///
/// The first retry comes at once: whoever was in the way is done. Before each later one comes a
/// random pause between nothing and a ceiling, which doubles from `pause_ms_first` up to
/// `pause_ms_max`; so tasks that collided once do not collide in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Most attempts, the first one included; 0 counts as 1.
    pub attempts_max: u32,
    /// The ceiling of the first pause, in milliseconds.
    pub pause_ms_first: u64,
    /// The highest ceiling, in milliseconds.
    pub pause_ms_max: u64,
}

impl Retry {
    /// One attempt only.
    pub const NEVER: Self = Self { attempts_max: 1, pause_ms_first: 0, pause_ms_max: 0 };

    /// Whether another attempt is due after `made` attempts.
    pub(crate) fn allows(self, made: u32) -> bool {
        made < self.attempts_max
    }

    /// How long to wait before the attempt after `made` attempts.
    pub(crate) fn next_pause(self, made: u32) -> Duration {
        self.ceiling(made).mul_f64(fastrand::f64())
    }

    /// Waits before the attempt after `made` attempts.
    pub(crate) async fn pause(self, made: u32) {
        let pause = self.next_pause(made);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    pub(crate) fn ceiling(self, made: u32) -> Duration {
        let Some(doublings) = made.checked_sub(2) else { return Duration::ZERO };
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        Duration::from_millis(self.pause_ms_first.saturating_mul(factor).min(self.pause_ms_max))
    }
}

impl Default for Retry {
    /// 16 attempts, pauses of up to 2 and at last 100 ms: about a second in the worst case.
    fn default() -> Self {
        Self { attempts_max: 16, pause_ms_first: 2, pause_ms_max: 100 }
    }
}

#[cfg(test)]
mod tests {
    use super::Retry;

    #[test]
    fn pauses_double_up_to_a_ceiling() {
        let retry = Retry { attempts_max: 9, pause_ms_first: 3, pause_ms_max: 20 };
        let ceilings: Vec<_> = (1..=6).map(|made| retry.ceiling(made).as_millis()).collect();
        assert_eq!(ceilings, [0, 3, 6, 12, 20, 20]);
        assert_eq!(retry.ceiling(500).as_millis(), 20);
        assert!(retry.allows(8) && !retry.allows(9) && !Retry::NEVER.allows(1));
    }
}
