-- A name, claim, command or subscription that its first index does not find is looked for in a second one.

CREATE INDEX streams_by_hash ON streams (hash);
CREATE INDEX terms_by_hash ON terms (hash, tenant);
CREATE INDEX claims_by_hash ON claims (hash);
CREATE INDEX commands_by_hash ON commands (hash);
CREATE INDEX subscriptions_by_hash ON subscriptions (hash);
