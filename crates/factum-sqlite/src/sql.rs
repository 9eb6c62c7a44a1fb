//! Every statement, one file each under `sql/`; the binds are listed on top of each file.

macro_rules! statements {
    ($($name:ident = $path:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("sql/", $path, ".sql"));)*

        /// All of them, so that a test can prepare each.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$(($path, $name)),*];
    };
}

statements! {
    INSERT_EVENT = "append/insert_event";
    INSERT_KIND_POSITION = "append/insert_kind_position";
    INSERT_KIND_POSITIONS = "append/insert_kind_positions";
    INSERT_TERM_POSITION = "append/insert_term_position";
    INSERT_TERM_POSITIONS = "append/insert_term_positions";
    INSERT_TENANT = "append/insert_tenant";
    INSERT_STREAM = "append/insert_stream";
    INSERT_KIND = "append/insert_kind";
    INSERT_TERM = "append/insert_term";
    INSERT_KIND_KEY = "append/insert_kind_key";
    FIND_STREAM = "append/find_stream";
    FIND_STREAM_BY_HASH = "append/find_stream_by_hash";
    MOVE_STREAM = "append/move_stream";
    PUT_CLAIM = "append/put_claim";
    DELETE_CLAIM = "append/delete_claim";
    DELETE_CLAIMS_OF_STREAM = "append/delete_claims_of_stream";
    PUT_COMMAND = "append/put_command";
    SWEEP_COMMANDS = "append/sweep_commands";
    MOVE_HEAD = "append/move_head";
    HEAD = "read/head";
    LAST_IDS = "read/last_ids";
    LOG_PAGE = "read/log_page";
    LOG_PAGE_BACKWARD = "read/log_page_backward";
    STREAM_FORWARD = "read/stream_forward";
    STREAM_BACKWARD = "read/stream_backward";
    FIND_CLAIM = "read/find_claim";
    FIND_CLAIM_BY_HASH = "read/find_claim_by_hash";
    FIND_COMMAND = "read/find_command";
    FIND_COMMAND_BY_HASH = "read/find_command_by_hash";
    FIND_TENANT = "read/find_tenant";
    ALL_TENANTS = "read/all_tenants";
    TENANT_NAME = "read/tenant_name";
    STREAM_NAME = "read/stream_name";
    KIND_NAME = "read/kind_name";
    TERM_NAME = "read/term_name";
    FIND_KINDS = "read/find_kinds";
    FIND_KINDS_OF_TYPE = "read/find_kinds_of_type";
    FIND_KIND_KEYS = "read/find_kind_keys";
    FIND_TERMS = "read/find_terms";
    FIND_TERMS_BY_HASH = "read/find_terms_by_hash";
    LAST_OF_KIND = "read/last_of_kind";
    LAST_OF_TERM = "read/last_of_term";
    KIND_POSITIONS = "read/kind_positions";
    TERM_POSITIONS = "read/term_positions";
    KIND_POSITIONS_BACKWARD = "read/kind_positions_backward";
    TERM_POSITIONS_BACKWARD = "read/term_positions_backward";
    FIND_STREAMS = "read/find_streams";
    FIND_STREAMS_AGAIN = "read/find_streams_again";
    LIST_TENANTS = "admin/list_tenants";
    LIST_STREAMS = "admin/list_streams";
    LIST_CATEGORIES = "admin/list_categories";
    STATS = "admin/stats";
    SAVE_SNAPSHOT = "snapshots/save_snapshot";
    NEWER_SNAPSHOT = "snapshots/newer_snapshot";
    LATEST_SNAPSHOT = "snapshots/latest_snapshot";
    LIST_SNAPSHOTS = "snapshots/list_snapshots";
    EVERY_SNAPSHOT = "snapshots/every_snapshot";
    DELETE_SNAPSHOTS = "snapshots/delete_snapshots";
    FIND_SUBSCRIPTION = "subscriptions/find_subscription";
    FIND_SUBSCRIPTION_BY_HASH = "subscriptions/find_subscription_by_hash";
    LIST_SUBSCRIPTIONS = "subscriptions/list_subscriptions";
    PUT_SUBSCRIPTION = "subscriptions/put_subscription";
    FORGET_SUBSCRIPTION = "subscriptions/forget_subscription";
    LAST_EPOCH = "subscriptions/last_epoch";
    PUT_LETTER = "letters/put_letter";
    FIND_LETTER = "letters/find_letter";
    FIND_BLOCKING = "letters/find_blocking";
    DELETE_LETTER = "letters/delete_letter";
    DELETE_LETTERS = "letters/delete_letters";
    FAILED_LETTERS = "letters/failed_letters";
    REPLAY_LETTERS = "letters/replay_letters";
    MAKE_DUE = "letters/make_due";
    LIST_LETTERS = "letters/list_letters";
    LIST_LETTERS_OF_KEY = "letters/list_letters_of_key";
    LIST_DUE_LETTERS = "letters/list_due_letters";
    COUNT_LETTERS = "letters/count_letters";
    EVERY_LETTER = "letters/every_letter";
    FIND_VIEW_MIGRATIONS = "views/find_migrations";
    INSERT_VIEW_MIGRATION = "views/insert_migration";
    DELETE_VIEW_MIGRATIONS = "views/delete_migrations";
    VIEW_OWNERS = "views/owners";
    VIEW_TABLES = "views/tables";
    PUT_VIEW_TABLE = "views/put_table";
    FORGET_VIEW_TABLES = "views/forget_tables";
}

#[cfg(test)]
mod tests;
