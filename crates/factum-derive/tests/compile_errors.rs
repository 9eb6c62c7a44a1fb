//! What the compiler says to the mistakes that newcomers make: where, and what to write instead.
//!
//! After a change of the messages, `TRYBUILD=overwrite cargo test -p factum-derive --test
//! compile_errors` writes the expected ones anew; read what changed.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_errors/*.rs");
}
