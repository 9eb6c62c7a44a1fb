-- ?1 tenant, ?2 name, ?3 value, ?4 stream
INSERT INTO claims (tenant, name, value, stream) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (tenant, name, value) DO UPDATE SET stream = excluded.stream
