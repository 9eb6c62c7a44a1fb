//! A network between a client and the server that fails when it is told to.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Place;

/// What is said for an append of an event of [`super::requests::event`], or for a read of the stream
/// that is meant to break.
const MARKS: [&[u8]; 2] = [b"account.changed-", BREAKING.as_bytes()];
/// The stream that is meant to break.
pub(crate) const BREAKING: &str = "breaking";

/// What the first statements on a store's sessions have in them.
const SETUPS: [&[u8]; 2] = [b"default_transaction_isolation", b"LISTEN "];

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// It carries everything.
    Whole,
    /// The connection breaks before the next marked request reaches the server.
    BreaksBeforeRequest,
    /// The connection breaks after the next marked request, before its answer comes back.
    BreaksBeforeAnswer,
    /// Nothing gets through, and nobody is told; it is carried once the network is whole again.
    Silent,
    /// The server hears everything, and nothing of what it says gets back.
    Deaf,
    /// So from the moment at which a store sets a new session up, or listens on it.
    DeafToNewSessions,
}

/// A proxy in front of a server.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    network: Arc<watch::Sender<Network>>,
}

impl Proxy {
    pub(crate) async fn new(place: &Place) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let network = Arc::new(watch::Sender::new(Network::Whole));
        let (server, shared) = (place.port(), Arc::clone(&network));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await {
                    tokio::spawn(carry(client, server, Arc::clone(&shared)));
                }
            }
        });
        Self { port, network }
    }

    /// The place as it is reached through the proxy.
    pub(crate) fn place(&self, place: &Place) -> Place {
        let (from, to) = (format!(":{}/", place.port()), format!(":{}/", self.port));
        Place { url: place.url.replace(&from, &to), schema: place.schema.clone() }
    }

    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

/// Carries one connection until either side ends it, or the network breaks it.
async fn carry(client: TcpStream, server: TcpStream, network: Arc<watch::Sender<Network>>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let awaited = watch::Sender::new(false);
    tokio::select! {
        () = ask(from_client, to_server, &network, &awaited) => {}
        () = answer(from_server, to_client, &network, &awaited) => {}
    }
}

/// What the client says.
async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    network: &watch::Sender<Network>,
    awaited: &watch::Sender<bool>,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let said = &bytes[..count];
        let holds = |words: &[u8]| said.windows(words.len()).any(|it| it == words);
        let (marked, now) = (MARKS.into_iter().any(holds), *network.borrow());
        if now == Network::DeafToNewSessions && SETUPS.into_iter().any(holds) {
            network.send_replace(Network::Deaf);
        }
        if marked && now == Network::BreaksBeforeRequest {
            network.send_replace(Network::Whole);
            return;
        }
        if marked && now == Network::BreaksBeforeAnswer {
            awaited.send_replace(true);
        }
        until_not(network, &[Network::Silent]).await;
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

/// What the server answers.
async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    network: &watch::Sender<Network>,
    awaited: &watch::Sender<bool>,
) {
    // The end of an answer: the server is idle again, so everything is committed.
    const READY: &[u8] = &[b'Z', 0, 0, 0, 5, b'I'];
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let said = &bytes[..count];
        if *awaited.borrow() {
            if said.ends_with(READY) {
                network.send_replace(Network::Whole);
                return;
            }
            continue;
        }
        until_not(network, &[Network::Silent, Network::Deaf]).await;
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

async fn until_not(network: &watch::Sender<Network>, states: &[Network]) {
    let mut network = network.subscribe();
    // The proxy keeps a sender.
    drop(network.wait_for(|now| !states.contains(now)).await);
}
