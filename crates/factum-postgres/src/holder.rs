//! Who is in the way of an append that waited for too long.

use std::time::Duration;

use factum_core::StoreError;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::connection::Bind;
use crate::error::Failure;
use crate::sql::{Schema, Sql};
use crate::store::Shared;

/// How long to wait for the server to tell; the failure is known without it.
const ANSWER: Duration = Duration::from_secs(2);

/// The session that holds the log, in words; `None` if it is gone, or if the server does not tell.
pub(crate) async fn described(client: &Client, sql: &Sql, schema: &Schema) -> Option<String> {
    let binds: [Bind<'_>; 1] = [(&schema.as_str(), Type::TEXT)];
    let asking = client.query_typed(&sql.lock_holder, &binds);
    let rows = tokio::time::timeout(ANSWER, asking).await.ok()?.ok()?;
    let row = rows.first()?;
    let pid: Option<i32> = row.try_get(0).ok()?;
    let (state, application): (&str, &str) = (row.try_get(1).ok()?, row.try_get(2).ok()?);
    let seconds: f64 = row.try_get(3).ok()?;
    let pid = pid.map_or_else(|| "of a prepared transaction".into(), |pid| pid.to_string());
    Some(format!(
        "it is held by the session {pid} of {application:?}, {state}, in a transaction for {seconds:.1} s"
    ))
}

/// The failure to get the lock, with who holds it.
pub(crate) async fn named(client: &Client, shared: &Shared, failure: Failure) -> StoreError {
    let error = failure.into_store_error("append");
    match described(client, &shared.sql, &shared.schema).await {
        Some(holder) => with(&error, &holder),
        None => error,
    }
}

/// The failure with who is to blame for it.
pub(crate) fn with(error: &StoreError, holder: &str) -> StoreError {
    StoreError::new(error.kind(), "append", format!("{}; {holder}", error.message()))
        .with_advice(error.advice())
}
