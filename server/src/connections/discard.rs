//! Closes a connection so that the client can read the last answer.
//!
//! A socket that is closed while bytes of the client are unread resets the connection, and the client sees a
//! broken pipe instead of the answer. So the server ends its side first and drops what still arrives.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::limits::{DISCARD, DISCARD_PAUSE, DISCARDED_BYTES_MAX};

/// Ends the server's side and drops what the client still sends, within bounds of bytes and time.
pub(super) async fn close(mut stream: TcpStream) {
    if poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await.is_err() {
        return;
    }
    let _ = timeout(DISCARD, discard(&stream)).await;
}

async fn discard(stream: &TcpStream) {
    let (mut dropped, mut buffer) = (0, Vec::new());
    while dropped < DISCARDED_BYTES_MAX {
        let Ok(Ok(())) = timeout(DISCARD_PAUSE, stream.readable()).await else { return };
        buffer.resize(16 << 10, 0);
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(bytes) => dropped += bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
