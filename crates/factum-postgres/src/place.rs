//! Which server and database, for messages: never the user's password.

use std::fmt;
use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

const PORT_DEFAULT: u16 = 5_432;

/// Where connections lead: `HOST:PORT/DATABASE`.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    hosts: Arc<str>,
    database: Arc<str>,
}

impl Place {
    pub(crate) fn new(config: &Config) -> Self {
        let (hosts, ports) = (config.get_hosts(), config.get_ports());
        let count = hosts.len().max(config.get_hostaddrs().len());
        let host = |number: usize| match hosts.get(number) {
            Some(Host::Tcp(host)) if host.contains(':') => format!("[{host}]"),
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => config.get_hostaddrs()[number].to_string(),
        };
        let port = |number: usize| ports.get(number).or(ports.first()).unwrap_or(&PORT_DEFAULT);
        let hosts: Vec<_> = (0..count).map(|it| format!("{}:{}", host(it), port(it))).collect();
        let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
        Self { hosts: hosts.join(",").into(), database: database.into() }
    }

    /// The server alone.
    pub(crate) fn hosts(&self) -> &str {
        &self.hosts
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.hosts, self.database)
    }
}
