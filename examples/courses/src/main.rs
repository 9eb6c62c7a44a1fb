//! Thirty students run for ten seats, all at once.

use std::process::ExitCode;

use factum::prelude::*;
use factum_example_courses::subscription::{CourseEvent, DefineCourse, Subscribe};

const STUDENTS: usize = 30;

#[tokio::main]
async fn main() -> ExitCode {
    factum::report(run().await)
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "memory:".into());
    let store = factum::connect(&address).await?;
    let decisions = Decisions::<CourseEvent>::new(store)?;
    for (course, capacity) in [("latin", 6), ("logic", 4)] {
        let define = DefineCourse { course: course.into(), capacity };
        match decisions.execute(&define).await {
            Ok(_) => println!("{course}: {capacity} seats"),
            Err(refused) => println!("{course}: {refused}"),
        }
    }
    let attempts = (0..STUDENTS).map(|number| {
        let decisions = decisions.clone();
        let course = if number % 2 == 0 { "latin" } else { "logic" };
        let subscribe = Subscribe { course: course.into(), student: format!("s{number:02}") };
        tokio::spawn(async move { (decisions.execute(&subscribe).await, subscribe) })
    });
    let attempts: Vec<_> = attempts.collect(); // All of them are under way.
    let mut refused = 0;
    for attempt in attempts {
        match attempt.await? {
            (Ok(_), Subscribe { course, student }) => println!("{student} has a seat in {course}"),
            (Err(ExecuteError::Rejected(_)), _) => refused += 1,
            (Err(error), _) => return Err(error.into()),
        }
    }
    println!("{refused} came too late");
    Ok(())
}
