-- Keeps a snapshot, unless a newer one of its stream, kind and schema version is there. Answers NULL if it
-- is kept, with the revision of the newest one if that is newer, and with -1 if the stream was tombstoned.
-- The stream's row is locked against a tombstone until the snapshot is committed. A snapshot may be lost in
-- a crash, so its commit waits for no flush.
DROP FUNCTION {schema}.save_snapshot(
    text, text, text, bigint, bigint, bigint, smallint, bigint, bigint, bigint, bytea);
CREATE FUNCTION {schema}.save_snapshot(
    tenant_name text, stream_name text, snapshot_kind text, at_revision bigint, at_position bigint,
    version bigint, codec_number smallint, taken bigint, sum_payload bigint, sum_row bigint, content bytea)
RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    deleted boolean;
    newest bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT x.tombstoned INTO deleted FROM {schema}.tenants t
    JOIN {schema}.streams x ON x.tenant = t.id AND x.name = stream_name
    WHERE t.name = tenant_name FOR SHARE OF x;
    IF deleted THEN
        RETURN -1;
    END IF;
    SELECT x.revision INTO newest FROM {schema}.snapshots x
    WHERE x.tenant = tenant_name AND x.stream = stream_name AND x.kind = snapshot_kind
      AND x.revision > at_revision AND x.schema_version = version
    ORDER BY x.revision DESC LIMIT 1;
    IF FOUND THEN
        RETURN newest;
    END IF;
    INSERT INTO {schema}.snapshots AS x
        (tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
         checksum, payload)
    VALUES (tenant_name, stream_name, snapshot_kind, at_revision, at_position, version, codec_number,
            taken, sum_payload, sum_row, content)
    ON CONFLICT (tenant, stream, kind, revision) DO UPDATE SET
        position = excluded.position, schema_version = excluded.schema_version, codec = excluded.codec,
        taken_at = excluded.taken_at, payload_checksum = excluded.payload_checksum,
        checksum = excluded.checksum, payload = excluded.payload;
    RETURN NULL;
END
$body$;
