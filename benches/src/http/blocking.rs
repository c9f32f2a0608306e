//! One blocking HTTP/1.1 connection that is kept open, with as little overhead as possible.

use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::{get, post};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A connection that is used for one request after another.
#[derive(Debug)]
pub struct BlockingConnection {
    stream: BufReader<TcpStream>,
}

/// The answer of a server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl BlockingConnection {
    /// Connects to a server.
    ///
    /// # Errors
    /// The connection is refused.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::with_capacity(64 << 10, stream) })
    }

    /// Reads a path with its query string.
    ///
    /// # Errors
    /// The connection breaks or the answer is not HTTP.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(&get(path))
    }

    /// Posts a body. Each of `headers` is a whole line without its end.
    ///
    /// # Errors
    /// The connection breaks or the answer is not HTTP.
    pub fn post(&mut self, path: &str, headers: &[&str], body: &[u8]) -> Result<Answer> {
        self.send(&post(path, headers, body))
    }

    fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| Error::other("the answer is not HTTP"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => length = number(value.trim(), 10)?,
                Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
                Some(_) => {}
                None => break,
            }
        }
        let body = if chunked { self.chunks()? } else { self.bytes(length)? };
        Ok(Answer { status, body })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(Error::other("the server closed the connection"));
        }
        Ok(line.trim_end().to_owned())
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?;
            let size = number(size.split(';').next().unwrap_or_default(), 16)?;
            body.extend(self.bytes(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

fn number(text: &str, radix: u32) -> Result<usize> {
    usize::from_str_radix(text, radix).map_err(Error::other)
}

#[cfg(test)]
mod tests;
