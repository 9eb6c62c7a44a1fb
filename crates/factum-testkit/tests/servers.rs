//! Servers of the tests' own: they start, crash, come back with their data, and leave nothing.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;

use factum_testkit::servers::{NO_POSTGRES, PostgresInstall, PostgresOptions, PostgresServer};

/// Asks for a connection as `postgres`; the first byte of the answer tells how it went.
fn first_byte_of_an_answer(server: &PostgresServer) -> u8 {
    let mut connection = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).expect("a short packet");
    let mut packet = length.to_be_bytes().to_vec();
    packet.extend(196_608_u32.to_be_bytes()); // The version of the protocol, 3.0.
    packet.extend(parameters);
    connection.write_all(&packet).expect("the packet is sent");
    let mut first = [0];
    connection.read_exact(&mut first).expect("an answer");
    first[0]
}

#[test]
fn each_installed_server_starts_and_answers() {
    if PostgresInstall::all().is_empty() {
        println!("{NO_POSTGRES}");
    }
    for install in PostgresInstall::all() {
        let server =
            PostgresServer::start(&install, &PostgresOptions::default()).expect("a server");
        assert_eq!(first_byte_of_an_answer(&server), b'R', "{install}");
        server.kill_postmaster().expect("killed");
        server.restart().expect("restarted");
        assert_eq!(first_byte_of_an_answer(&server), b'R', "{install}");
    }
}
