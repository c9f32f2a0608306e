//! One kept-alive HTTP/1.1 connection, as thin as it can be: what is measured is the server.

use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer of a benchmark may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that is used for request after request.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects to a server.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::with_capacity(64 << 10, stream) })
    }

    /// Asks for a path with its query string.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n"), &[])
    }

    /// Posts a body; each of `headers` is a whole line without its end.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub fn post(&mut self, path: &str, headers: &[&str], body: &[u8]) -> Result<Answer> {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\n{lines}content-length: {length}\r\n\r\n"
        );
        self.send(&head, body)
    }

    fn send(&mut self, head: &str, body: &[u8]) -> Result<Answer> {
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
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
mod tests {
    use std::net::{Shutdown, TcpListener};
    use std::thread;

    use super::*;

    #[test]
    fn answers_of_a_length_and_in_chunks_are_read_one_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let answers = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\
                HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
            stream.write_all(answers.as_bytes()).expect("sent");
            stream.shutdown(Shutdown::Write).expect("open");
            let mut requests = String::new();
            stream.read_to_string(&mut requests).expect("text");
            requests
        });
        let mut connection = Connection::open(address).expect("connected");
        let first = connection.get("/a?b=c").expect("answered");
        assert_eq!((first.status, first.body.as_slice()), (200, &b"hi"[..]));
        let second = connection.post("/d", &["x-y: z"], b"body").expect("answered");
        assert_eq!((second.status, second.body.as_slice()), (503, &b"abcde"[..]));
        assert!(connection.get("/gone").is_err());
        drop(connection);
        let requests = server.join().expect("no panic");
        assert!(requests.starts_with("GET /a?b=c HTTP/1.1\r\nhost: bench\r\n\r\nPOST /d "));
        assert!(requests.contains("x-y: z\r\ncontent-length: 4\r\n\r\nbody"));
    }
}
