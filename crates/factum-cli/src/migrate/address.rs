//! A store's address on the command line of a migration: parsed, and named without secrets.

use std::path::{Path, PathBuf};

use factum::{Backend, SharedStore, StoreUrl, TenantScope, UrlError};

use super::MigrateError;
use crate::outcome::Failure;
use crate::session::{open_existing, without_password};

/// The address of a whole store.
#[derive(Debug)]
pub(crate) struct Address {
    url: StoreUrl,
    /// The same for every way to write it, as far as that can be told, and without a password.
    pub(super) name: String,
    /// As it was written, without a password.
    pub(super) shown: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut url = StoreUrl::parse(text).map_err(failure)?;
        let shown = without_password(text);
        if let Some(TenantScope::One(_)) = url.scope {
            return Err(MigrateError::OneTenant(shown).into());
        }
        let name = match &url.backend {
            Backend::Sqlite(config) => format!("sqlite:{}", full(&config.path).display()),
            _ => shown.clone(),
        };
        url.scope = Some(TenantScope::All);
        Ok(Self { url, name, shown })
    }

    /// Opens a store that has to be there.
    pub(crate) async fn open(&self) -> Result<SharedStore, Failure> {
        open_existing(self.url.clone()).await
    }

    /// Opens the store, making it if need be.
    pub(crate) async fn open_or_make(&self) -> Result<SharedStore, Failure> {
        Ok(self.url.clone().connect().await?)
    }

    /// Opens the store only if it is there; `None` if it could be made.
    pub(crate) async fn open_if_there(&self) -> Result<Option<SharedStore>, Failure> {
        if let Backend::Sqlite(config) = &self.url.backend
            && !factum::SqliteStore::exists(config)?
        {
            let folder = full(&config.path).parent().map(Path::to_path_buf).unwrap_or_default();
            if !config.create || !folder.is_dir() {
                let message = format!("expected a folder to make {} in, found none", self.shown);
                return Err(Failure::not_found(message));
            }
            return Ok(None);
        }
        #[cfg(feature = "postgres")]
        if let Backend::Postgres(config) = &self.url.backend
            && config.create
            && !factum::PostgresStore::exists(config).await?
        {
            return Ok(None);
        }
        self.open().await.map(Some)
    }
}

fn failure(error: UrlError) -> Failure {
    let unknown = matches!(error, UrlError::UnknownScheme { .. });
    let failure = Failure::from(error);
    if unknown { failure.hint("for a file write sqlite:PATH") } else { failure }
}

/// The path from the root without links, whether or not there is a file yet.
fn full(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    if let Ok(found) = absolute.canonicalize() {
        return found;
    }
    let folder = absolute.parent().and_then(|it| it.canonicalize().ok());
    match (folder, absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}
