//! Ctrl-C: the first one asks to finish the work in hand, the second one ends the process.

use tokio::sync::watch;

use crate::outcome::{Exit, Failure};

/// Whether Ctrl-C was pressed.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Starts to listen; from here on Ctrl-C no longer ends the process. Needs the runtime.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (pressed, interrupt) = watch::channel(false);
        let mut signals = Signals::new().map_err(|error| Failure::io("signals", &error))?;
        tokio::spawn(async move {
            while signals.next().await {
                if pressed.send_replace(true) {
                    std::process::exit(i32::from(Exit::Interrupted as u8));
                }
            }
        });
        Ok(Self(interrupt))
    }

    pub(crate) fn pressed(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for it.
    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|pressed| *pressed).await.is_err() {
            std::future::pending::<()>().await; // Nobody listens any more: it cannot come.
        }
    }
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::interrupt()).map(Self)
    }

    async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
