//! A file that holds every shape of stored data, and a test that fails when a change of the
//! program would leave data unreadable.
//!
//! Events are stored for good, in the shape they had when they were written. Rename a field, and
//! everything still compiles and every test that starts with an empty log still passes; the log
//! in production cannot be read. The schema lock notices while the change is made.
//!
//! # In a program
//!
//! Events and states say what they look like in tests, and one line makes the test:
//!
//! ```
//! # use factum_core as factum;
//! use factum_testkit::schemars;
//!
//! #[derive(schemars::JsonSchema)] // Or `#[cfg_attr(test, derive(..))]`.
//! # #[schemars(crate = "factum_testkit::schemars")]
//! struct Account {
//!     balance: u64,
//! }
//!
//! factum_testkit::schema_lock! {
//!     // events: [AccountEvent, TransferEvent],
//!     snapshots: ["account": Account => 2],
//! }
//! # fn main() {}
//! ```
//!
//! Unless the crate depends on `schemars` itself, the types also need
//! `#[schemars(crate = "factum_testkit::schemars")]`. For fields of foreign types, depend on
//! `schemars` with the feature for them, such as `uuid1` or `jiff02`.
//!
//! The test compares the program with `factum.lock.json` beside `Cargo.toml`, which is to be
//! committed:
//!
//! | | on a developer's machine | with `CI` set |
//! |---|---|---|
//! | there is no file | it is written | the test fails |
//! | compatible changes, new types and versions | the file is updated | the test fails |
//! | an incompatible change | the test fails | the test fails |
//!
//! # What is compatible
//!
//! Whatever was written in the locked shape has to be readable in the new one, at the same
//! version: fields may be added if they need not be there (`Option`, `#[serde(default)]`), fields
//! may be removed, numbers and bounds may become wider, enums may get more variants. Removed
//! fields stay in the file, since stored events still have them: one that comes back must read
//! them. A field that got another name with `#[serde(alias)]` counts as removed and added; give
//! the event a new version.
//!
//! Anything else needs a new version and an upcaster from the one before. All versions stay in
//! the file. An event type that is gone has to be upcast from every version that was locked. JSON
//! and CBOR are read alike; what a Protobuf message holds is not looked at. Snapshots of another
//! version are not used, so raising the version is all that they need.

mod check;
mod compare;
mod error;
mod lock_file;
mod message;
mod shape;

use std::path::Path;

use factum_core::{Event, EventSpec, Registry, RegistryError};
use schemars::JsonSchema;
use serde_json::Value;

use check::Checked;
pub use error::{Finding, LockError};
use lock_file::LockFile;

/// What a check that succeeded has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Locked {
    /// There was no file; now there is.
    Written,
    /// The file did not have everything yet; now it has.
    Updated,
    /// The file has everything, and was left alone.
    Unchanged,
}

/// The shapes that a program stores, to be compared with those that were locked.
///
/// # Examples
///
/// ```
/// use factum_testkit::schema_lock::{Locked, SchemaLock};
/// # use factum_testkit::schemars;
///
/// #[derive(schemars::JsonSchema)]
/// # #[schemars(crate = "factum_testkit::schemars")]
/// struct Account {
///     balance: u64,
/// }
/// # let home = tempfile::tempdir()?;
///
/// let path = home.path().join("factum.lock.json");
/// let lock = SchemaLock::new().snapshot::<Account>("account", 2);
/// # let on_a_desk = |_: &str| None;
/// # assert_eq!(lock.check_with(&path, on_a_desk)?, Locked::Written);
/// # assert_eq!(
/// lock.check(&path)?
/// # , Locked::Unchanged);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SchemaLock {
    events: Vec<(&'static EventSpec, Value)>,
    snapshots: Vec<(String, u32, Value)>,
    registries: Vec<Registry>,
}

impl SchemaLock {
    /// Starts with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the events of one context. Of a union, add its parts.
    ///
    /// # Errors
    ///
    /// A [`LockError`] if the registry of these events cannot be built, the events of a union are
    /// those of other types, or a variant goes by another name in its JSON schema.
    pub fn events<E: Event + JsonSchema>(mut self) -> Result<Self, LockError> {
        let shapes = shape::of_events::<E>()?;
        let wrong = |source| LockError::Registry { events: std::any::type_name::<E>(), source };
        self.registries.push(Registry::of::<E>().map_err(wrong)?);
        for (spec, shape) in shapes {
            let same = |it: &&EventSpec| it.event_type() == spec.event_type();
            let first = self.specs().find(same);
            match first {
                Some(first) if first.rust_name() == spec.rust_name() => {}
                Some(first) => {
                    return Err(wrong(RegistryError::SameName {
                        event_type: spec.event_type().clone(),
                        first: first.rust_name(),
                        second: spec.rust_name(),
                    }));
                }
                None => self.events.push((spec, shape)),
            }
        }
        Ok(self)
    }

    /// Adds a state that is kept in snapshots of this kind, with the version given to
    /// `Snapshots::version`.
    #[must_use]
    pub fn snapshot<S: JsonSchema>(mut self, kind: &str, version: u32) -> Self {
        self.snapshots.push((kind.to_owned(), version, shape::of_type::<S>()));
        self
    }

    /// Adds upcasters of types that are gone, where they are declared with a union rather than
    /// with one of its parts.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registries.push(registry);
        self
    }

    /// Compares the program with the file, and brings the file up to date unless `CI` is set, to
    /// anything but nothing, `0` or `false`.
    ///
    /// # Errors
    ///
    /// A [`LockError`] that says what to do; the file is then as it was.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<Locked, LockError> {
        self.check_with(path, |name| std::env::var(name).ok())
    }

    /// As [`SchemaLock::check`], with a look-up of environment variables.
    ///
    /// # Errors
    ///
    /// As [`SchemaLock::check`].
    pub fn check_with(
        &self,
        path: impl AsRef<Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Locked, LockError> {
        let path = path.as_ref();
        let found = LockFile::read(path)?;
        let is_new = found.is_none();
        let checked = self.compared(found.unwrap_or_default())?;
        if !checked.findings.is_empty() {
            return Err(LockError::Incompatible { path: path.into(), findings: checked.findings });
        }
        if !is_new && checked.changes.is_empty() {
            return Ok(Locked::Unchanged);
        }
        let only_checks = variable("CI").is_some_and(|it| !["", "0", "false"].contains(&&*it));
        if only_checks && is_new {
            return Err(LockError::Missing { path: path.into() });
        }
        if only_checks {
            return Err(LockError::OutOfDate { path: path.into(), changes: checked.changes });
        }
        checked.file.write(path)?;
        Ok(if is_new { Locked::Written } else { Locked::Updated })
    }

    fn compared(&self, locked: LockFile) -> Result<Checked, LockError> {
        let mut checked = Checked::new(locked);
        for (spec, shape) in &self.events {
            checked.event(spec, shape);
        }
        checked.gone(&self.specs().collect::<Vec<_>>(), &self.registries);
        for (index, (kind, version, shape)) in self.snapshots.iter().enumerate() {
            let same = |it: &&(String, u32, Value)| it.0 == *kind && it.1 == *version;
            match self.snapshots[..index].iter().find(same) {
                None => checked.snapshot(kind, *version, shape),
                Some((_, _, first)) if first == shape => {}
                Some(_) => {
                    let (kind, version) = (kind.clone(), *version);
                    return Err(LockError::TwoStates { kind, version });
                }
            }
        }
        checked.findings.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
        Ok(checked)
    }

    fn specs(&self) -> impl Iterator<Item = &'static EventSpec> {
        self.events.iter().map(|(spec, _)| *spec)
    }
}

/// Makes a test that fails when stored data would become unreadable; see
/// [`schema_lock`](mod@crate::schema_lock).
///
/// The test is called `schema_lock` and checks `factum.lock.json` beside the `Cargo.toml` of the
/// crate. Snapshots are listed as `"kind": State => version`; both lists may be left out.
#[macro_export]
macro_rules! schema_lock {
    (events: [$($event:ty),* $(,)?] $(,)?) => {
        $crate::schema_lock! { events: [$($event),*], snapshots: [] }
    };
    (snapshots: [$($kind:literal : $state:ty => $version:expr),* $(,)?] $(,)?) => {
        $crate::schema_lock! { events: [], snapshots: [$($kind: $state => $version),*] }
    };
    (
        events: [$($event:ty),* $(,)?],
        snapshots: [$($kind:literal : $state:ty => $version:expr),* $(,)?] $(,)?
    ) => {
        #[test]
        fn schema_lock() {
            fn checked()
            -> ::core::result::Result<$crate::schema_lock::Locked, $crate::schema_lock::LockError>
            {
                $crate::schema_lock::SchemaLock::new()
                    $(.events::<$event>()?)*
                    $(.snapshot::<$state>($kind, $version))*
                    .check(::core::concat!(
                        ::core::env!("CARGO_MANIFEST_DIR"),
                        "/factum.lock.json"
                    ))
            }
            if let ::core::result::Result::Err(error) = checked() {
                ::core::panic!("{error}");
            }
        }
    };
}
