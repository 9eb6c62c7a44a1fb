//! Answers probes over HTTP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::check::{HealthSource, HealthState};
use super::connections::serve;
use super::report::HealthReport;
use super::sources::Sources;
use crate::{Service, ServiceError, ServiceStates, Started, Stop};

/// How long the sources may take together, in milliseconds.
const ANSWER_WITHIN_MS: u64 = 1_000;
/// How long a probe may take to send its request and to take the answer, in milliseconds.
const TRANSFER_MS_MAX: u64 = 5_000;

/// Answers probes of a program's health over HTTP/1.1, as a service of its run.
///
/// | path | answers |
/// |---|---|
/// | `/live` | 200, as long as the program answers at all; asks nobody |
/// | `/ready` | 200 if requests may be sent to the program, else 503; names what is not healthy |
/// | `/health` | a [`HealthReport`] as JSON, with the status of `/ready` |
///
/// `GET` and `HEAD` are answered, other methods get 405 and other paths 404. A connection serves one
/// request and lasts for a few seconds at most; 64 are open at once. Nobody is asked who they are:
/// bind it to an address that only those who may know can reach.
///
/// Add it to the runner first. It then answers while the others start, and while they stop.
///
/// # Examples
///
/// ```
/// use factum_runtime::{CheckHealth, HealthServer, HealthState, Runner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runner = Runner::new();
/// let health = HealthServer::bind("127.0.0.1:0".parse()?)
///     .await?
///     .with_services(runner.states())
///     .with_source(|| vec![CheckHealth::new("disk", HealthState::Healthy)]);
/// println!("http://{}/health", health.local_address());
/// let runner = runner.service("health", health);
/// # let (states, stopper) = (runner.states(), factum_runtime::Stopper::new());
/// # let run = tokio::spawn(runner.stop_on(stopper.signal()).run());
/// # assert!(states.started().await);
/// # drop(stopper);
/// # run.await??;
/// # Ok(())
/// # }
/// ```
#[must_use = "it answers once it is run"]
pub struct HealthServer {
    listener: TcpListener,
    address: SocketAddr,
    services: Option<ServiceStates>,
    sources: Vec<Box<dyn HealthSource>>,
    answer_within_ms: u64,
}

impl HealthServer {
    /// Listens on an address; port 0 takes any that is free. Connections wait until the server is
    /// run.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing listens then.
    ///
    /// # Errors
    ///
    /// The system's error if the address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (services, sources) = (None, Vec::new());
        Ok(Self { listener, address, services, sources, answer_within_ms: ANSWER_WITHIN_MS })
    }

    /// The address it listens on, with the port that was found.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Shows how far the services are, and is ready only while all of them run. Asks those that know how
    /// they do, such as subscriptions; a source that was added counts instead of one of the same name.
    pub fn with_services(mut self, services: ServiceStates) -> Self {
        self.services = Some(services);
        self
    }

    /// Asks one more source, after those that were added before.
    pub fn with_source(mut self, source: impl HealthSource) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// How many milliseconds the sources may take together before the answer is that they do not:
    /// 1,000 unless set. Probes should wait a little longer than that.
    pub fn answer_within_ms(mut self, within_ms: u64) -> Self {
        self.answer_within_ms = within_ms;
        self
    }
}

#[async_trait]
impl Service for HealthServer {
    async fn run(self: Box<Self>, started: Started, stop: Stop) -> Result<(), ServiceError> {
        tracing::info!(address = %self.address, "listening for probes");
        let limit_ms = self.answer_within_ms.saturating_add(TRANSFER_MS_MAX);
        let sources = Sources::new(self.sources, self.services.clone(), self.answer_within_ms);
        let router = router(Asked { services: self.services, sources });
        started.ready();
        serve(self.listener, router, Duration::from_millis(limit_ms), stop).await;
        Ok(())
    }
}

impl std::fmt::Debug for HealthServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HealthServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Whom a report is made of.
struct Asked {
    services: Option<ServiceStates>,
    sources: Sources,
}

impl Asked {
    async fn report(&self) -> HealthReport {
        let checks = self.sources.ask().await;
        // Last, so that a service that ended while the sources thought is not called running.
        let services = self.services.as_ref().map(ServiceStates::list);
        HealthReport::new(services.unwrap_or_default(), checks)
    }
}

fn router(asked: Asked) -> Router {
    Router::new()
        .route("/live", get(async || "live\n"))
        .route("/ready", get(ready))
        .route("/health", get(health))
        .with_state(Arc::new(asked))
        .layer(map_response(not_stored))
}

async fn ready(State(asked): State<Arc<Asked>>) -> Response {
    let report = asked.report().await;
    let mut words = String::from(if report.is_ready() { "ready\n" } else { "not ready\n" });
    for check in report.checks.iter().filter(|it| it.state != HealthState::Healthy) {
        let message = check.message.as_deref().map_or_else(String::new, |it| format!(": {it}"));
        words.extend([&check.name, ": ", check.state.as_str(), &message, "\n"]);
    }
    (status(&report), words).into_response()
}

async fn health(State(asked): State<Arc<Asked>>) -> Response {
    let report = asked.report().await;
    let text = serde_json::to_vec(&report).expect("a report is made of texts and numbers");
    (status(&report), [(CONTENT_TYPE, "application/json")], text).into_response()
}

fn status(report: &HealthReport) -> StatusCode {
    if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Keeps whatever stands between from answering in the program's place.
async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
