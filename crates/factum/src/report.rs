//! How a program that failed says so: in words, with what caused it.

use std::error::Error;
use std::process::ExitCode;

/// What `main` gives back: success, or a failure once the error and its causes stand on standard error.
///
/// A `main` that returns a `Result` shows the `Debug` form of its error, which is for the programmers of
/// a library. This shows what the errors say for people, one line each. A cause that its error quotes
/// already is left out.
///
/// # Examples
///
/// ```
/// use std::process::ExitCode;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> ExitCode {
///     factum::report(run().await)
/// }
///
/// async fn run() -> Result<(), Box<dyn std::error::Error>> {
///     let store = factum::connect("memory:").await?;
///     println!("{:?}", store.capabilities());
///     Ok(())
/// }
/// ```
pub fn report<E: Into<Box<dyn Error>>>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", in_words(&*error.into()));
            ExitCode::FAILURE
        }
    }
}

fn in_words(error: &dyn Error) -> String {
    let mut text = format!("error: {error}");
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str("\n  caused by: ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use factum_core::{StoreError, StoreErrorKind};

    use super::in_words;

    fn failed(message: &str, cause: StoreError) -> StoreError {
        StoreError::new(StoreErrorKind::Unavailable, "open store", message).with_source(cause)
    }

    #[test]
    fn every_cause_is_told_once_and_for_people() {
        let disk = || StoreError::new(StoreErrorKind::Unavailable, "read", "disk \"a\" failed");
        let error = failed("cannot start", failed("cannot read (read: disk \"a\" failed)", disk()));
        assert_eq!(
            in_words(&error),
            "error: open store: cannot start\n  \
             caused by: open store: cannot read (read: disk \"a\" failed)"
        );
        assert_eq!(in_words(&disk()), "error: read: disk \"a\" failed");
    }
}
