//! What a runner runs.

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::{HealthSource, Stop};

/// Why a service failed: any error, so that `?` works in a service.
pub type ServiceError = Box<dyn std::error::Error + Send + Sync>;

/// Something that runs for as long as the program does: a subscription, a server, a relay.
///
/// Closures are services too, by [`Runner::service_fn`](crate::Runner::service_fn).
#[async_trait]
pub trait Service: Send + 'static {
    /// Runs until `stop` is requested, then ends its work and returns.
    ///
    /// It says that it is [ready](Started::ready) once what depends on it may start. It must not
    /// return before it is asked to stop: that ends the whole run, whatever it returns.
    ///
    /// # Cancel safety
    ///
    /// It has to bear being dropped where it waits: a service that does not stop in time is.
    ///
    /// # Errors
    ///
    /// Whatever made it impossible to go on, or to end well.
    async fn run(self: Box<Self>, started: Started, stop: Stop) -> Result<(), ServiceError>;

    /// Knows how it does while it runs; a `HealthServer` that shows the services of
    /// the run asks it. Nobody is asked unless this says so.
    fn health(&self) -> Option<Box<dyn HealthSource>> {
        None
    }
}

#[async_trait]
impl Service for Box<dyn Service> {
    async fn run(self: Box<Self>, started: Started, stop: Stop) -> Result<(), ServiceError> {
        (*self).run(started, stop).await
    }

    fn health(&self) -> Option<Box<dyn HealthSource>> {
        (**self).health()
    }
}

/// Handed to a service, to say that the next one may start.
///
/// Dropping it says nothing: the service then runs into its deadline for the start.
#[derive(Debug)]
pub struct Started {
    sender: oneshot::Sender<()>,
}

impl Started {
    /// Says that this service is ready for those that depend on it.
    pub fn ready(self) {
        let _ = self.sender.send(()); // Nobody listens once the start was given up.
    }

    /// One to hand to a service, and the future that resolves once it is used.
    pub(super) fn pair() -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = oneshot::channel();
        let ready = async move {
            if receiver.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        (Self { sender }, ready)
    }
}

/// A closure as a service.
pub(super) struct ServiceFn<F> {
    pub(super) run: F,
}

#[async_trait]
impl<F, R> Service for ServiceFn<F>
where
    F: FnOnce(Started, Stop) -> R + Send + 'static,
    R: Future<Output = Result<(), ServiceError>> + Send + 'static,
{
    async fn run(self: Box<Self>, started: Started, stop: Stop) -> Result<(), ServiceError> {
        (self.run)(started, stop).await
    }
}
