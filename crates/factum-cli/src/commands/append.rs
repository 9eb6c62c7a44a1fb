//! `factum append`: one event, with its conditions.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use clap::Args;
use factum::{
    AppendRequest, Appended, Claim, ClaimChange, Codec, Command, CommandDigest, CommandId,
    EventType, Expected, IdSource, NewEvent, Principal, RandomIds, Revision, StreamId, Tag,
};
use serde_json::json;

use crate::outcome::{Exit, Failure};
use crate::session::Session;
use crate::text;

/// An event and what must hold for it.
#[derive(Args, Debug)]
pub(crate) struct Append {
    /// The stream, category/id
    stream: String,
    /// The event's type
    #[arg(value_name = "TYPE")]
    event_type: String,
    /// The payload: JSON, - for standard input, @FILE for a file
    #[arg(long, value_name = "JSON|-|@FILE", default_value = "{}")]
    payload: String,
    /// A tag, name:value; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Where the stream must be: any, none, exists, or its last revision
    #[arg(long, value_name = "any|none|exists|REVISION", default_value = "any")]
    expected: String,
    /// The command that is answered: repeating it stores nothing, and the same ID with another type,
    /// payload, tag, value, principal or fact is refused
    #[arg(long, value_name = "ID")]
    command: Option<String>,
    /// Take a unique value, name=value; may be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// Release a unique value, name=value; may be repeated
    #[arg(long = "release", value_name = "NAME=VALUE")]
    releases: Vec<String>,
    /// What it belongs to
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// The event or command that caused it
    #[arg(long, value_name = "ID")]
    causation: Option<String>,
    /// Who acts
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    /// A further fact, key=value; may be repeated
    #[arg(long = "meta", value_name = "KEY=VALUE")]
    metadata: Vec<String>,
}

pub(crate) async fn run(command: &Append, session: &Session) -> Result<Exit, Failure> {
    let stream: StreamId = command.stream.parse()?;
    let event = event(command)?;
    let id = event.id;
    let mut request =
        AppendRequest::default().stream(stream.clone(), expected(&command.expected)?, [event]);
    if let Some(id) = &command.command {
        let digest = Some(digest(&request.events[0].1));
        let command = Command::new(CommandId::new(id)?, &stream);
        request = request.command(Command { digest, ..command });
    }
    let store = session.open_or_make().await?;
    let appended = store.append(request).await?;
    report(session, &stream, &appended, &id.to_string())
}

/// What the command asks for: the event with the payload as it is written, but for where it comes
/// from, which may differ when a command is tried again.
fn digest(event: &NewEvent) -> CommandDigest {
    let tags: Vec<&str> = event.tags.iter().map(Tag::as_str).collect();
    let claim = |it: &ClaimChange| (it.claim().name().to_owned(), it.claim().value().to_owned());
    let (take, release): (Vec<_>, Vec<_>) =
        event.claims.iter().partition(|it| matches!(it, ClaimChange::Take(_)));
    let claims: [Vec<_>; 2] = [take, release].map(|it| it.into_iter().map(claim).collect());
    let principal = event.principal.as_ref().map(Principal::as_str);
    let metadata: BTreeMap<&str, &str> = event.metadata.iter().collect();
    let all = (event.event_type.as_str(), &event.payload[..], tags, claims, principal, metadata);
    CommandDigest::of(&all).expect("texts and bytes can be written")
}

fn report(
    session: &Session,
    stream: &StreamId,
    appended: &Appended,
    id: &str,
) -> Result<Exit, Failure> {
    let revision = appended.revision(stream).map_or(0, Revision::get);
    let position = appended.last.get();
    if session.output.json {
        // A repeated command's event has its own id, which the answer does not name.
        let id = (!appended.repeated).then_some(id);
        session.output.json(&json!({
            "stream": stream.as_str(), "revision": revision, "position": position,
            "id": id, "repeated": appended.repeated,
        }))?;
    } else {
        let act = if appended.repeated { "already appended" } else { "appended" };
        let position = text::number(position);
        session.output.line(&format!("{act}: {stream}@{revision} at position {position}"))?;
    }
    Ok(Exit::Ok)
}

fn event(command: &Append) -> Result<NewEvent, Failure> {
    let payload = payload(&command.payload)?;
    let event_type = EventType::new(&command.event_type)?;
    let mut event = NewEvent::new(RandomIds.next_id(), event_type, Codec::Json, payload);
    event.tags = command.tags.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
    for claim in &command.claims {
        event.claims.push(ClaimChange::Take(read_claim(claim)?));
    }
    for claim in &command.releases {
        event.claims.push(ClaimChange::Release(read_claim(claim)?));
    }
    event.correlation = command.correlation.as_deref().map(str::parse).transpose()?;
    event.causation = command.causation.as_deref().map(str::parse).transpose()?;
    event.principal = command.principal.as_deref().map(str::parse).transpose()?;
    for entry in &command.metadata {
        let (key, value) = pair("--meta", "KEY=VALUE", entry)?;
        event.metadata.insert(key, value)?;
    }
    Ok(event)
}

fn read_claim(text: &str) -> Result<Claim, Failure> {
    let (name, value) = pair("claim", "NAME=VALUE", text)?;
    Ok(Claim::new(name, value)?)
}

fn pair<'a>(what: &str, expected: &str, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
    let bad = || Failure::usage(format!("{what}: expected {expected}, found {text:?}"));
    text.split_once('=').ok_or_else(bad)
}

fn expected(text: &str) -> Result<Expected, Failure> {
    Ok(match text {
        "any" => Expected::Any,
        "none" => Expected::NoStream,
        "exists" => Expected::Exists,
        _ => Expected::Revision(Revision::new(text.parse().map_err(|_| {
            let expected = "any, none, exists or a revision";
            Failure::usage(format!("--expected: expected {expected}, found {text:?}"))
        })?)),
    })
}

fn payload(argument: &str) -> Result<Bytes, Failure> {
    let bytes = match (argument, argument.strip_prefix('@')) {
        ("-", _) => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| Failure::io("standard input", &error))?;
            bytes
        }
        (_, Some(file)) => {
            std::fs::read(Path::new(file)).map_err(|error| Failure::io(file, &error))?
        }
        _ => argument.as_bytes().to_vec(),
    };
    match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes.into()),
        Err(error) => Err(Failure::bad_input(format!("payload: expected JSON, found {error}"))
            .hint(r#"quote it for the shell: --payload '{"amount":10}'"#)),
    }
}
