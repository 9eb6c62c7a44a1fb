SELECT position, checksum FROM head WHERE id = 1
