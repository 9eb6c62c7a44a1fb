//! Given, when, then, case by case: what each `then_*` accepts, and what it says when it does not.
//! A test that cannot fail proves nothing, so each of them is shown failing too.

mod aggregates;
mod bookings;
mod decisions;
mod doors;
mod properties;
mod upcasts;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a test that has to fail says.
#[track_caller]
fn failure<T>(test: impl FnOnce() -> T) -> String {
    let Err(said) = catch_unwind(AssertUnwindSafe(|| drop(test()))) else {
        panic!("the test had to fail, and did not");
    };
    match said.downcast::<String>() {
        Ok(said) => *said,
        Err(said) => (*said.downcast::<&str>().expect("panics say text")).to_owned(),
    }
}

/// That all of these are said.
#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "expected {part:?} to be said, found:\n{said}");
    }
}
