//! The names that may become part of a statement.

use super::*;

#[test]
fn only_plain_names_become_part_of_a_statement() {
    for name in ["factum", "_f", "a1", "tenant_7"] {
        assert_eq!(Schema::new(name).unwrap().as_str(), name);
    }
    let long = "a".repeat(SCHEMA_BYTES_MAX + 1);
    for name in ["", "1a", "A", "a-b", "a b", "a\"b", "a;drop", "pg_catalog", "ä", &long] {
        let refused = Schema::new(name).unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Invalid, "{name}");
    }
}

#[test]
fn every_statement_names_the_schema() {
    let sql = Sql::new(&Schema::new("here").unwrap());
    for (file, statement) in sql.all() {
        assert!(!statement.contains("{schema}"), "{file}");
        assert!(
            statement.contains("\"here\".") || file == "admin/lock_holder" || file == "admin/bytes",
            "{file}"
        );
    }
}
