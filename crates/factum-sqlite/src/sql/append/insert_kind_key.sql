-- ?1 hash, ?2 tenant, ?3 kind
INSERT INTO kind_keys (hash, tenant, kind) VALUES (?1, ?2, ?3)
