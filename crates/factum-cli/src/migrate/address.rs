//! A store's address on the command line of a migration: parsed, and named without secrets.

use std::path::{Path, PathBuf};

use factum::{Backend, SharedStore, StoreUrl, TenantScope, UrlError};

use super::MigrateError;
use crate::outcome::Failure;
use crate::session::open_existing;

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
            && !config.path.exists()
        {
            let folder = full(&config.path).parent().map(Path::to_path_buf).unwrap_or_default();
            if !config.create || !folder.is_dir() {
                let message = format!("expected a folder to make {} in, found none", self.shown);
                return Err(Failure::not_found(message));
            }
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

/// Leaves out `:password` in `scheme://user:password@host`, and options that are passwords.
fn without_password(text: &str) -> String {
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
