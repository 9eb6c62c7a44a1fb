//! Every statement, one file each under `sql/`; the parameters are listed on top of each file.
//!
//! The files name the schema `{schema}`, which [`Sql::new`] replaces: the one place where a name
//! that a user gives becomes part of a statement, and only after [`Schema`] has checked it.

use factum_core::{StoreError, StoreErrorKind};

/// Longest name of a schema, in bytes: PostgreSQL's limit, less what a channel's name adds.
const SCHEMA_BYTES_MAX: usize = 48;

/// A schema's name that is safe in a statement, quoted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema(String);

impl Schema {
    pub(crate) fn new(name: &str) -> Result<Self, StoreError> {
        let starts = |it: u8| it.is_ascii_lowercase() || it == b'_';
        let goes_on = |it: u8| starts(it) || it.is_ascii_digit();
        let mut bytes = name.bytes();
        let valid = bytes.next().is_some_and(starts) && bytes.all(goes_on);
        if valid && name.len() <= SCHEMA_BYTES_MAX && !name.starts_with("pg_") {
            return Ok(Self(name.into()));
        }
        let found: String = name.chars().take(60).collect();
        let message = format!(
            "expected a schema of at most {SCHEMA_BYTES_MAX} lower-case letters, digits and _ that \
             starts with no digit and not with pg_, found {found:?}"
        );
        Err(StoreError::new(StoreErrorKind::Invalid, "open store", message))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The statement with the schema's name in it.
    pub(crate) fn fill(&self, statement: &str) -> String {
        statement.replace("{schema}", &format!("\"{}\"", self.0))
    }

    /// The channel that tells of appends.
    pub(crate) fn channel(&self) -> String {
        format!("factum:{}", self.0)
    }
}

macro_rules! statements {
    ($($name:ident = $path:literal;)*) => {
        /// The statements for one schema.
        #[derive(Debug)]
        pub(crate) struct Sql {
            $(pub(crate) $name: String,)*
        }

        impl Sql {
            pub(crate) fn new(schema: &Schema) -> Self {
                Self {
                    $($name: schema.fill(include_str!(concat!("sql/", $path, ".sql"))),)*
                }
            }

            /// All of them by their file's name, so that a test can prepare each.
            #[cfg(test)]
            pub(crate) fn all(&self) -> Vec<(&'static str, &str)> {
                vec![$(($path, self.$name.as_str()),)*]
            }
        }
    };
}

statements! {
    append = "append/append";
    append_in_transaction = "append/append_in_transaction";
    act = "append/act";
    head = "read/head";
    scope = "read/scope";
    log_page = "read/log_page";
    log_page_backward = "read/log_page_backward";
    matching_page = "read/matching_page";
    matching_page_backward = "read/matching_page_backward";
    stream_forward = "read/stream_forward";
    stream_backward = "read/stream_backward";
    stream_names = "read/stream_names";
    kind_names = "read/kind_names";
    find_command = "read/find_command";
    answer_places = "read/answer_places";
    find_claim = "read/find_claim";
    find_stream = "admin/find_stream";
    list_streams = "admin/list_streams";
    list_categories = "admin/list_categories";
    stats = "admin/stats";
    bytes = "admin/bytes";
    lock_holder = "admin/lock_holder";
    delete_expired = "admin/delete_expired";
    take_append_lock = "admin/take_append_lock";
    claim_events = "admin/claim_events";
    delete_claims = "admin/delete_claims";
    insert_claims = "admin/insert_claims";
    save_snapshot = "snapshots/save_snapshot";
    latest_snapshot = "snapshots/latest_snapshot";
    list_snapshots = "snapshots/list_snapshots";
    every_snapshot = "snapshots/every_snapshot";
    delete_snapshots = "snapshots/delete_snapshots";
    register = "subscriptions/register";
    progress = "subscriptions/progress";
    lock_progress = "subscriptions/lock";
    list_subscriptions = "subscriptions/list";
    advance = "subscriptions/advance";
    store_progress = "subscriptions/store";
    claim_lease = "subscriptions/claim";
    renew_lease = "subscriptions/renew";
    release_lease = "subscriptions/release";
    told = "subscriptions/told";
    move_progress = "subscriptions/move";
    forget = "subscriptions/forget";
    list_letters = "letters/list";
    list_due_letters = "letters/list_due";
    list_key_letters = "letters/list_key";
    count_letter_changes = "letters/count_changes";
    count_letters = "letters/count";
    put_letters = "letters/put";
    remove_letters = "letters/remove";
    clear_letters = "letters/clear";
    replay_letters = "letters/replay";
    discard_letters = "letters/discard";
    wake_letters = "letters/wake";
    view_migrations = "views/migrations";
    view_migrated = "views/migrated";
    forget_migrations = "views/forget_migrations";
    missing_postings = "verify/missing_postings";
    posting_counts = "verify/posting_counts";
    wrong_kinds = "verify/wrong_kinds";
    empty_streams = "verify/empty_streams";
    claim_rows = "verify/claim_rows";
    command_rows = "verify/command_rows";
    letter_counts = "verify/letter_counts";
}

#[cfg(test)]
mod tests;
