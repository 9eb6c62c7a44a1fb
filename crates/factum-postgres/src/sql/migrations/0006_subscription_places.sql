-- A subscription's row is written over and over. While a session somewhere keeps an old snapshot, every one of
-- its versions stays, and a look-up by the row's key walks past them all. So after some writes the row is put in
-- again under the next place, and a look-up begins with the highest place: what is dead lies behind it.
-- A name's first row has place 0 and is made by whoever puts the name in, so there is never a second one.
CREATE TABLE {schema}.subscription_names (
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, name)
);
INSERT INTO {schema}.subscription_names SELECT scope, name FROM {schema}.subscriptions;

ALTER TABLE {schema}.subscriptions
    DROP CONSTRAINT subscriptions_pkey,
    ADD COLUMN place bigint NOT NULL DEFAULT 0,
    ADD COLUMN writes bigint NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX subscriptions_by_place ON {schema}.subscriptions (scope, name, place DESC);
