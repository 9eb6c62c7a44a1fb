//! One run of a command: which store, whose data, how to write.

use std::ffi::OsStr;

use factum::{Backend, SharedStore, StoreUrl, TenantId, TenantScope};

use crate::arguments::Global;
use crate::outcome::{Exit, Failure};
use crate::output::Output;

/// Used when neither `--store` nor `FACTUM_STORE` names a store.
const STORE_DEFAULT: &str = "sqlite:factum.db";

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Session {
    url: StoreUrl,
    /// The address as the user wrote it, without a password, for messages.
    pub(crate) address: String,
    pub(crate) output: Output,
}

impl Session {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let address = match &global.store {
            Some(store) => text_of(store)?,
            None => STORE_DEFAULT.into(),
        };
        let mut url = StoreUrl::parse(&address)?;
        let address = without_password(&address);
        let asked = match &global.tenant {
            Some(tenant) => Some(TenantScope::One(TenantId::new(tenant)?)),
            None => global.all_tenants.then_some(TenantScope::All),
        };
        if let Some(asked) = asked {
            if let Some(named) = url.scope.as_ref().filter(|named| **named != asked) {
                let message = format!(
                    "expected one tenant, found {named} in the address of the store and {asked} asked for"
                );
                return Err(Failure::usage(message).hint("leave one of the two out"));
            }
            url.scope = Some(asked);
        }
        Ok(Self { url, address, output: Output::new(global.json) })
    }

    /// Opens the store to write to it, making it if need be.
    pub(crate) async fn open_or_make(&self) -> Result<SharedStore, Failure> {
        Ok(self.url.clone().connect().await?)
    }

    /// Opens a store that has to be there.
    pub(crate) async fn open(&self) -> Result<SharedStore, Failure> {
        let store = open_existing(self.url.clone()).await;
        store.map_err(|failure| match failure.exit {
            Exit::NotFound => {
                failure.hint("name it with --store sqlite:PATH, or make one with factum import")
            }
            _ => failure,
        })
    }

    /// Opens another store that has to be there, to see the same tenants.
    pub(crate) async fn open_other(&self, address: &str) -> Result<SharedStore, Failure> {
        let mut url = StoreUrl::parse(address)?;
        if url.scope.is_none() {
            url.scope.clone_from(&self.url.scope);
        }
        open_existing(url).await
    }
}

/// An address as text, which it is unless a variable of the environment holds other bytes.
pub(crate) fn text_of(address: &OsStr) -> Result<String, Failure> {
    let text = address.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::usage("store address: expected UTF-8, found other bytes"))
}

/// Opens a store that has to be there.
pub(crate) async fn open_existing(mut url: StoreUrl) -> Result<SharedStore, Failure> {
    if let Backend::Sqlite(config) = &mut url.backend {
        if !factum::SqliteStore::exists(config)? {
            let message = format!("expected a store, found no file {}", config.path.display());
            return Err(Failure::not_found(message));
        }
        config.create = false;
    }
    #[cfg(feature = "postgres")]
    if let Backend::Postgres(config) = &mut url.backend {
        config.create = false;
    }
    Ok(url.connect().await?)
}

/// Leaves out `:password` in `scheme://user:password@host`, and options that are passwords.
pub(crate) fn without_password(text: &str) -> String {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let mut name =
        match place.split_once("://").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
            Some((scheme, Some((user, host)))) => {
                let user = user.split_once(':').map_or(user, |(user, _)| user);
                format!("{scheme}://{user}@{host}")
            }
            _ => place.to_owned(),
        };
    let secret = |option: &&str| {
        let key = option.split('=').next().unwrap_or_default().to_ascii_lowercase();
        !key.is_empty() && !key.contains("pass") && key != "tenant"
    };
    let options: Vec<&str> = query.split('&').filter(secret).collect();
    if !options.is_empty() {
        name.push('?');
        name.push_str(&options.join("&"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_never_named() {
        for (text, name) in [
            ("postgres://ann:s3cret@db/log", "postgres://ann@db/log"),
            (
                "postgres://ann:s3@cret@db/log?sslmode=require",
                "postgres://ann@db/log?sslmode=require",
            ),
            ("postgres://db/log?password=s3cret&schema=a", "postgres://db/log?schema=a"),
            ("postgres://ann@db:5432/log?tenant=*", "postgres://ann@db:5432/log"),
            ("memory:", "memory:"),
        ] {
            assert_eq!(without_password(text), name);
        }
    }
}
