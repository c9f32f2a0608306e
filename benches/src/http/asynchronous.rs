//! One HTTP/1.1 connection of many that are kept open at once.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;

/// A connection that is kept open.
#[derive(Debug)]
pub struct AsyncConnection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl AsyncConnection {
    /// Connects to a server.
    ///
    /// # Errors
    /// The connection is refused.
    pub async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::new() })
    }

    /// Sends a whole request and reads the body of its answer.
    ///
    /// # Errors
    /// The connection breaks or the status is not 200.
    pub async fn send(&mut self, request: &[u8]) -> Result<String, Failure> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            let text = String::from_utf8_lossy(&self.answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap_or("0").parse()?;
            if body.len() < length {
                continue;
            }
            let is_ok = head.starts_with("HTTP/1.1 200");
            return if is_ok { Ok(body.to_owned()) } else { Err(text.into()) };
        }
    }
}
