//! Who may ask a run to end: the caller's own signal to stop, and the process's signals.

use std::io;

use crate::Stop;

/// How many signals end a run at once.
const FORCING: u32 = 2;

/// The requests to end a run.
pub(super) struct Requests {
    caller: Stop,
    signals: Option<Signals>,
    /// How many signals of the process have come.
    seen: u32,
}

impl Requests {
    /// Listens from now on.
    pub(super) fn listen(caller: Stop, with_signals: bool) -> io::Result<Self> {
        let signals = if with_signals { Some(Signals::listen()?) } else { None };
        Ok(Self { caller, signals, seen: 0 })
    }

    /// Waits for the first request to stop. Cancel safe.
    pub(super) async fn stop(&mut self) {
        let Some(signals) = &mut self.signals else { return self.caller.requested().await };
        tokio::select! {
            () = self.caller.requested() => {}
            name = signals.next() => {
                tracing::info!("{name} came; stopping");
                self.seen += 1;
            }
        }
    }

    /// Waits for the signal that forces the end; the caller's own request never does. Cancel safe.
    pub(super) async fn force(&mut self) {
        let Some(signals) = &mut self.signals else { return std::future::pending().await };
        while self.seen < FORCING {
            let name = signals.next().await;
            self.seen += 1;
            if self.seen < FORCING {
                tracing::info!("{name} came while stopping; another one forces the end");
            } else {
                tracing::warn!("{name} came again; aborting everything");
                crate::stderr::print(format_args!("{name} came again; aborting everything"));
            }
        }
    }
}

/// The signals that ask a process to end: `SIGTERM` and `SIGINT`.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    /// Waits for the next one and returns its name. Cancel safe.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            Some(()) = self.terminate.recv() => "SIGTERM",
            Some(()) = self.interrupt.recv() => "SIGINT",
            else => std::future::pending().await,
        }
    }
}

/// The signal that asks a process to end: control-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "listening can fail elsewhere")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next one and returns its name. One that comes while nobody waits is lost.
    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "control-C"
    }
}
