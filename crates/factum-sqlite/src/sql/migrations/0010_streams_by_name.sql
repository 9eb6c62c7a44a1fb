-- Streams are also found by the beginning of their names. A second index shows what the first one has lost.
CREATE INDEX streams_by_name ON streams (tenant, name);
