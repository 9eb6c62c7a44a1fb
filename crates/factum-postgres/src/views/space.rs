//! Where the views of one scope stand: in a schema of their own, reached by a role of its own where the
//! server lets us make one.
//!
//! ```text
//! asked for -> known: done
//!           -> there: keep it          (schema, and a role we may take)
//!           -> make it, one at a time  -> no permission: without a role, or not at all
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use factum_core::{StoreError, StoreErrorKind, TenantScope};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use xxhash_rust::xxh3::xxh3_64;

use super::ahead::Limits;
use crate::error::Failure;
use crate::sql::Schema;
use crate::subscriptions::scope_name;

/// The server cuts longer names, and then two might be one.
const NAME_BYTES_MAX: usize = 63;

/// Statements of our own follow: as the role that connected.
const LEAVE: &str = "SET LOCAL ROLE NONE";
/// The same, and no trigger of a view's is left that would run as that role when the transaction commits.
const LEAVE_FOR_GOOD: &str = "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ROLE NONE";

/// Where the views of a scope stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Space {
    schema: String,
    /// The role that reaches the schema and nothing of the store; `None` where there is none, and views
    /// reach what the connecting role does.
    role: Option<String>,
    /// Whether the schema is there.
    made: bool,
}

impl Space {
    /// What a transaction begins with whose statements are those of views.
    pub(crate) fn enter(&self) -> String {
        let schema = literal(&quoted(&self.schema));
        let path = format!(
            "SELECT set_config('search_path', \
             concat_ws(', ', {schema}, nullif(current_setting('search_path'), '')), true)"
        );
        let role = self.role.as_deref().map(|role| format!("; SET LOCAL ROLE {}", quoted(role)));
        path + &role.unwrap_or_default()
    }

    /// What leads from statements of views to the store's own; `None` where both are one role's.
    pub(crate) fn leave(&self) -> Option<&'static str> {
        self.role.is_some().then_some(LEAVE)
    }

    /// The same where nothing leads back before the commit.
    pub(crate) fn leave_for_good(&self) -> Option<&'static str> {
        self.role.is_some().then_some(LEAVE_FOR_GOOD)
    }

    /// What leads back to those of views.
    pub(crate) fn enter_again(&self) -> Option<String> {
        self.role.as_deref().map(|role| format!("SET LOCAL ROLE {}", quoted(role)))
    }

    /// What tells its statements from those of other spaces, which may have the same text: appended to
    /// each, so that a connection keeps them prepared side by side.
    pub(crate) fn mark(&self) -> String {
        format!("\n/* {} */", self.schema.replace("*/", "* /").replace("/*", "/ *"))
    }

    /// Refuses to write where there is no schema to write to.
    pub(crate) fn check_made(&self, operation: &'static str) -> Result<(), StoreError> {
        if self.made {
            return Ok(());
        }
        let schema = quoted(&self.schema);
        let message = format!(
            "expected the schema {schema} for these views, found none and no permission to make it; \
             run as the owner of the database: CREATE SCHEMA {schema} AUTHORIZATION <this role>"
        );
        Err(StoreError::new(StoreErrorKind::Denied, operation, message))
    }
}

/// The spaces that an opened store has found, by the names of their scopes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spaces(Arc<Mutex<HashMap<String, Arc<Space>>>>);

impl Spaces {
    /// The space of a scope, if it was found before.
    pub(crate) fn known(&self, scope: &TenantScope) -> Option<Arc<Space>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(scope_name(scope.tenant())).cloned()
    }

    /// The space of a scope. It is made if it is not there and may be.
    pub(crate) async fn of(
        &self,
        client: &Client,
        limits: &Limits,
        schema: &Schema,
        scope: &TenantScope,
    ) -> Result<Arc<Space>, Failure> {
        if let Some(known) = self.known(scope) {
            return Ok(known);
        }
        let scope = scope_name(scope.tenant());
        let space = Arc::new(limits.in_time(provided(client, schema, scope)).await?);
        if space.made {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(scope.to_owned(), Arc::clone(&space));
        }
        Ok(space)
    }
}

/// What there is of a space.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
struct Found {
    schema: bool,
    /// Whether there is the role, whether we may take it, and whether it may use the schema.
    role: bool,
    taken: bool,
    useful: bool,
    /// Whether we may make a role, and a schema.
    makes_roles: bool,
    makes_schemas: bool,
}

async fn provided(client: &Client, schema: &Schema, scope: &str) -> Result<Space, Failure> {
    let rows = client.query_typed("SELECT current_database()::text", &[]).await?;
    let database: &str = rows.first().map_or("", |row| row.get(0));
    let names = (
        cut(format!("{}${scope}", schema.as_str())),
        // Roles are the server's: those of stores in other databases are others.
        cut(format!("{}${scope}@{database}", schema.as_str())),
    );
    let found = look(client, &names).await?;
    if found.schema || !found.makes_schemas {
        return Ok(space(&names, &found));
    }
    match make(client, &names, found.makes_roles || found.taken).await {
        Err(failure) if is_denied(&failure) => {
            client.batch_execute("ROLLBACK").await?;
            let made = make(client, &names, false).await;
            if let Err(failure) = made {
                client.batch_execute("ROLLBACK").await?;
                if !is_denied(&failure) {
                    return Err(failure);
                }
            }
        }
        Err(failure) => {
            client.batch_execute("ROLLBACK").await?;
            return Err(failure);
        }
        Ok(()) => {}
    }
    Ok(space(&names, &look(client, &names).await?))
}

fn space((schema, role): &(String, String), found: &Found) -> Space {
    let role = (found.taken && found.useful).then(|| role.clone());
    Space { schema: schema.clone(), role, made: found.schema }
}

async fn look(client: &Client, (schema, role): &(String, String)) -> Result<Found, Failure> {
    let sql = "SELECT n.oid IS NOT NULL, r.oid IS NOT NULL, \
         coalesce(pg_has_role(r.oid, CASE \
             WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' \
             ELSE 'MEMBER' END), false), \
         coalesce(has_schema_privilege(r.oid, n.oid, 'USAGE'), false), \
         coalesce(me.rolsuper OR me.rolcreaterole, false), \
         has_database_privilege(current_database(), 'CREATE') \
             AND NOT pg_is_in_recovery() \
         FROM (SELECT 1) one \
         LEFT JOIN pg_namespace n ON n.nspname = $1 LEFT JOIN pg_roles r ON r.rolname = $2 \
         LEFT JOIN pg_roles me ON me.rolname = current_user";
    let rows = client.query_typed(sql, &[(schema, Type::TEXT), (role, Type::TEXT)]).await?;
    let flag = |column| rows.first().is_some_and(|row| row.get(column));
    Ok(Found {
        schema: flag(0),
        role: flag(1),
        taken: flag(2),
        useful: flag(3),
        makes_roles: flag(4),
        makes_schemas: flag(5),
    })
}

/// Makes the schema, and the role that owns it if there is to be one.
async fn make(client: &Client, names: &(String, String), roles: bool) -> Result<(), Failure> {
    client
        .batch_execute(
            "BEGIN ISOLATION LEVEL READ COMMITTED; \
             SELECT pg_advisory_xact_lock(hashtextextended('factum spaces of views', 0))",
        )
        .await?;
    let found = look(client, names).await?; // Others may have made it while this waited.
    let (schema, role) = (quoted(&names.0), quoted(&names.1));
    if roles && !found.role {
        let make = format!("CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER");
        client.batch_execute(&make).await?;
    }
    if !found.schema {
        let owned = if roles { format!(" AUTHORIZATION {role}") } else { String::new() };
        client.batch_execute(&format!("CREATE SCHEMA {schema}{owned}")).await?;
    }
    Ok(client.batch_execute("COMMIT").await?)
}

fn is_denied(failure: &Failure) -> bool {
    let Failure::Postgres(error) = failure else { return false };
    let code = error.code();
    code == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
        || code == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// A name that the server does not cut.
fn cut(mut name: String) -> String {
    if name.len() > NAME_BYTES_MAX {
        let digest = format!("${:016x}", xxh3_64(name.as_bytes()));
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX - digest.len()));
        name += &digest;
    }
    name
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart() {
        let long = |last: char| cut(format!("{}{last}", "a".repeat(80)));
        assert_eq!(long('a').len(), NAME_BYTES_MAX);
        assert_ne!(long('a'), long('b'));
        assert_eq!(cut("factum$acme".into()), "factum$acme");
    }

    #[test]
    fn names_are_quoted_in_statements() {
        let role = Some("f$a@it's \"x\"".into());
        let space = Space { schema: "f$A'".into(), role, made: true };
        let enter = space.enter();
        assert!(enter.contains(r#"'"f$A''"'"#), "{enter}");
        assert!(enter.ends_with(r#"SET LOCAL ROLE "f$a@it's ""x""""#), "{enter}");
    }
}
