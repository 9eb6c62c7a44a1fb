-- ?1 id
SELECT tenant, form, name, checksum FROM terms WHERE id = ?1
