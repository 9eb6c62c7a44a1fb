//! A counter in one SQLite file: the smallest whole program.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened. In the log: `counter.counted`.
#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
enum CounterEvent {
    Counted { by: u64 },
}

/// The state, which knows the rules.
#[derive(Default)]
struct Counter {
    count: u64,
}

impl Decider for Counter {
    const CATEGORY: &'static str = "counter";
    type Command = u64;
    type Event = CounterEvent;
    type Error = &'static str;

    fn decide(&self, by: u64) -> Result<Vec<CounterEvent>, &'static str> {
        if self.count + by > 100 {
            Err("the hall is full")
        } else {
            Ok(vec![CounterEvent::Counted { by }])
        }
    }

    fn evolve(&mut self, event: &CounterEvent) {
        let CounterEvent::Counted { by } = event;
        self.count += by;
    }
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    factum::report(run().await)
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let counters = Repository::<Counter>::new(factum::connect("sqlite:counter.db").await?)?;
    let done = counters.execute("visitors", 3).await?;
    println!("{} visitors", done.state.count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use factum_testkit::given;

    use super::{Counter, CounterEvent};

    #[test]
    fn the_hall_has_a_limit() {
        let there = CounterEvent::Counted { by: 98 };
        given::<Counter>([there]).when(3).then_error("the hall is full");
    }

    #[test]
    fn the_last_place_can_be_taken() {
        let there = CounterEvent::Counted { by: 98 };
        given::<Counter>([there]).when(2).then([CounterEvent::Counted { by: 2 }]);
    }
}
