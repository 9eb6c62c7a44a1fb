DELETE FROM {schema}.claims
