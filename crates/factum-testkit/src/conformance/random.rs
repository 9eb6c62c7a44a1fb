//! Random operations, compared with the memory store.

use std::sync::Arc;

use super::rig::{DENSE, Rig, conformance_cases};

conformance_cases!["random", DENSE;
    random_operations_are_answered_as_the_memory_store_answers,
];

async fn random_operations_are_answered_as_the_memory_store_answers(rig: &Rig) {
    let fixture = Arc::clone(rig.fixture());
    let checked = tokio::task::spawn_blocking(move || crate::model::check(&fixture, 24)).await;
    if let Err(difference) = checked.expect("the check does not panic") {
        panic!("{difference}");
    }
}
