DELETE FROM permit_waits
