//! Seats of a small theatre: opening a store, guards, a unique value, a command that is repeated,
//! a query, and a watch. Runs in a temporary folder and leaves nothing behind.

use factum::prelude::*;
use factum::{Conflict, HeadWatch};
use serde::Serialize;

type Failed = Box<dyn std::error::Error>;

/// What happens to a show. A program of this size needs no more than types and payloads.
#[derive(Debug, Serialize)]
struct Booked<'a> {
    seat: u32,
    guest: &'a str,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    factum::report(run().await)
}

async fn run() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let store = connect(format!("sqlite:{}", folder.path().join("seats.db").display())).await?;
    let show: StreamId = "show/hamlet".parse()?;
    let mut watch = store.watch();

    // The first event of a stream: nobody else may have begun it.
    let opened = event("show.opened", &serde_json::json!({ "seats": 2 }))?;
    let request = AppendRequest::default().stream(show.clone(), Expected::NoStream, [opened]);
    println!("opened at position {}", store.append(request).await?.last);

    // A booking claims its seat, and answers a command.
    let booked = book(&store, &show, "booking-1", 1, "ann").await?;
    println!("ann has seat 1, revision {:?}", booked.revision(&show).map(Revision::get));
    let again = book(&store, &show, "booking-1", 1, "ann").await?;
    println!("the same command again: repeated is {}", again.repeated);

    // Somebody else wants the same seat.
    let other: StreamId = "show/hamlet-guests".parse()?;
    match book(&store, &other, "booking-2", 1, "bob").await {
        Err(AppendError::Conflict(Conflict::Claim { owner, .. })) => {
            println!("bob has to take another seat: {owner} holds this one");
        }
        other => return Err(format!("expected a conflict, found {other:?}").into()),
    }

    // A decision over everything that is tagged: bob books seat 2 unless he booked anything.
    let by_bob = QueryItem::default().tag(Tag::new("guest", "bob")?);
    let request = booking(&show, 2, "bob")?.none_match(by_bob, Position::START);
    store.append(request).await?;

    let ann = QueryItem::default().tag(Tag::new("guest", "ann")?);
    let of_ann = store.collect(LogRead::after(ann, Position::START)).await?;
    println!("ann: {} event, the payload is {:?}", of_ann.len(), of_ann[0].payload);
    let types: Vec<_> = store.collect_stream(StreamRead::forward(show)).await?;
    let types: Vec<_> = types.iter().map(|event| event.event_type.as_str()).collect();
    println!("the show: {}", types.join(", "));

    follow(&store, &mut watch).await
}

/// Reads what is new each time the head moves, until the last event is seen.
async fn follow(store: &SharedStore, watch: &mut HeadWatch) -> Result<(), Failed> {
    let mut seen = Position::START;
    while seen < store.head().await? {
        watch.past(seen).await?;
        for event in store.collect(LogRead::after(Query::all(), seen)).await? {
            println!("{} {} {}", event.position, event.stream, event.event_type);
            seen = event.position;
        }
    }
    Ok(())
}

async fn book(
    store: &SharedStore,
    stream: &StreamId,
    command: &str,
    seat: u32,
    guest: &str,
) -> Result<Appended, AppendError> {
    let invalid =
        |error: Failed| StoreError::new(StoreErrorKind::Invalid, "book", error.to_string());
    let id = CommandId::new(command).map_err(|error| invalid(error.into()))?;
    let request = booking(stream, seat, guest).map_err(invalid)?;
    store.append(request.command(Command::new(id, stream))).await
}

fn booking(stream: &StreamId, seat: u32, guest: &str) -> Result<AppendRequest, Failed> {
    let mut booked = event("seat.booked", &Booked { seat, guest })?;
    booked.claims = vec![ClaimChange::Take(Claim::new("hamlet-seat", &seat.to_string())?)];
    booked.tags = [Tag::new("guest", guest)?].into_iter().collect();
    Ok(AppendRequest::default().stream(stream.clone(), Expected::Any, [booked]))
}

fn event(event_type: &str, payload: &impl Serialize) -> Result<NewEvent, Failed> {
    let payload = serde_json::to_vec(payload)?;
    Ok(NewEvent::new(RandomIds.next_id(), EventType::new(event_type)?, Codec::Json, payload))
}
