SELECT position, tenants, streams, kinds, terms, checksum FROM head WHERE id = 1
