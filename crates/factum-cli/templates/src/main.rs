//! Shopping lists, kept as events in one file beside the program.

mod list;
mod open_items;
mod trip;

use std::error::Error;
use std::process::ExitCode;

use factum::prelude::*;

use crate::list::{Add, CrossOff, List};
use crate::trip::{End, Start, TripEvent};

/// Where the events are. As good: "memory:", or "postgres://HOST/DATABASE" with the feature `postgres`
/// of the crate `factum`.
const STORE: &str = concat!("sqlite:", env!("CARGO_PKG_NAME"), ".db");

const HELP: &str = "\
cargo run -- add LIST ITEM          put something on a list
cargo run -- cross-off LIST ITEM    take it off
cargo run -- shop LIST PERSON       go shopping with a list
cargo run -- return LIST PERSON     come back
cargo run -- show                   what is to be bought
cargo run -- serve                  keep the table of that up to date until Ctrl-C";

#[tokio::main]
async fn main() -> ExitCode {
    factum::report(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let store = factum::connect(STORE).await?;
    let lists = Repository::<List>::new(store.clone())?;
    let trips = Decisions::<TripEvent>::new(store.clone())?;
    match arguments[..] {
        ["add", list, what] => {
            let done = lists.execute(list, Add { what: what.into() }).await?;
            println!("added; position {} of the log", done.position);
        }
        ["cross-off", list, what] => {
            let done = lists.execute(list, CrossOff { what: what.into() }).await?;
            println!("{} left on the list", done.state.items.len());
        }
        ["shop", list, who] => {
            trips.execute(&Start { list: list.into(), who: who.into() }).await?;
            println!("{who} shops for {list}");
        }
        ["return", list, who] => {
            trips.execute(&End { list: list.into(), who: who.into() }).await?;
            println!("{who} is back");
        }
        [] | ["show"] => print!("{}", open_items::shown(&store).await?),
        ["serve"] => {
            // Services start in this order and end in the reverse; Ctrl-C or SIGTERM ends them.
            let runner = Runner::new().service("open-items", open_items::subscription(&store)?);
            let console = runner.service_fn("console", |started, stop| async move {
                println!("the table of open items is kept up to date; Ctrl-C ends it");
                started.ready();
                stop.requested().await;
                Ok(())
            });
            console.run().await?;
        }
        _ => println!("{HELP}"),
    }
    Ok(())
}
