//! Stores as earlier formats had them: their steps, taken as they stand in the source, and the rows of a
//! store of today.

use super::Place;
use super::session::Session;

/// The steps, in the order in which they are taken.
const STEPS: [&str; 10] = [
    include_str!("../../src/sql/migrations/0001_log.sql"),
    include_str!("../../src/sql/migrations/0002_matching.sql"),
    include_str!("../../src/sql/migrations/0003_append.sql"),
    include_str!("../../src/sql/migrations/0004_snapshots.sql"),
    include_str!("../../src/sql/migrations/0005_subscriptions.sql"),
    include_str!("../../src/sql/migrations/0006_subscription_places.sql"),
    include_str!("../../src/sql/migrations/0007_command_digests.sql"),
    include_str!("../../src/sql/migrations/0008_matching_both_ways.sql"),
    include_str!("../../src/sql/migrations/0009_guards_alone.sql"),
    include_str!("../../src/sql/migrations/0010_newer_snapshots.sql"),
];

/// How many formats there were before today's.
pub(crate) const OLDER: usize = STEPS.len() - 1;

/// Copies the rows and sequences of `{schema}_today` into the tables of `{schema}` that have columns for them.
const COPY: &str = "
DO $copy$
DECLARE
    it record;
BEGIN
    FOR it IN
        SELECT o.table_name AS name, string_agg(quote_ident(o.column_name), ', ') AS columns
        FROM information_schema.columns o
        JOIN information_schema.columns t ON t.table_schema = '{name}_today'
            AND t.table_name = o.table_name AND t.column_name = o.column_name
        JOIN pg_tables b ON b.schemaname = '{name}' AND b.tablename = o.table_name
        WHERE o.table_schema = '{name}' GROUP BY o.table_name
    LOOP
        EXECUTE format('INSERT INTO {name}.%I (%s) SELECT %s FROM {name}_today.%I',
            it.name, it.columns, it.columns, it.name);
    END LOOP;
    FOR it IN SELECT sequencename AS name, last_value FROM pg_sequences
        WHERE schemaname = '{name}_today' AND last_value IS NOT NULL
    LOOP
        PERFORM setval(format('{name}.%I', it.name), it.last_value);
    END LOOP;
END
$copy$;";

/// Turns the closed store of a place into one of an older format, 1-based, with the same rows.
pub(crate) async fn turn_into(place: &Place, format: usize) {
    let steps = place.sql(&STEPS[..format].join("\n"));
    let copy = COPY.replace("{name}", &place.schema);
    let all = format!(
        "ALTER SCHEMA {name} RENAME TO {name}_today;
         CREATE SCHEMA {name};
         {steps}
         CREATE TABLE {name}.migrations (number integer PRIMARY KEY, name text NOT NULL,
             checksum bigint NOT NULL, taken_at bigint NOT NULL);
         {copy}
         DELETE FROM {name}.migrations WHERE number > {format};
         DROP SCHEMA {name}_today CASCADE;",
        name = place.schema,
    );
    Session::connect(place)
        .await
        .client
        .batch_execute(&all)
        .await
        .expect("the older store is made");
}
