//! A receiver on the loopback interface: sends scripted answers and records the requests.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(held, _)| held.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Default)]
struct Shared {
    got: Mutex<Vec<Got>>,
    answers: Mutex<VecDeque<&'static str>>,
    held: Mutex<bool>,
    released: Condvar,
}

/// No answer: the connection is closed.
pub(crate) const RESET: &str = "reset";
/// An answer that never comes.
pub(crate) const SILENCE: &str = "silence";
/// An answer whose body never ends.
pub(crate) const STALL: &str = "200 OK\r\nContent-Length: 100000\r\n\r\nbegin";

/// The receiver. It lives until the test process ends.
pub(crate) struct Receiver {
    pub(crate) address: String,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Answers with each of `answers` once, in order, and with 202 from then on. An answer is a
    /// status line's end and header lines: `429 Too Many\r\nRetry-After: 60`. [`RESET`] breaks the
    /// connection off, [`SILENCE`] never answers, [`STALL`] stops in the middle of a body.
    pub(crate) fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        shared.answers.lock().unwrap().extend(answers);
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, shared }
    }

    /// Everything that came in so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.got.lock().unwrap().len()
    }

    /// Accepts requests without answering them, until [`Receiver::release`].
    pub(crate) fn hold(&self) {
        *self.shared.held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.shared.held.lock().unwrap() = false;
        self.shared.released.notify_all();
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut got = Got { path, headers, body: String::new() };
    let mut body = vec![0; got.header("content-length").parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    got.body = String::from_utf8(body).unwrap();
    shared.got.lock().unwrap().push(got);
    let held = shared.held.lock().unwrap();
    drop(shared.released.wait_while(held, |held| *held).unwrap());
    let answer = shared.answers.lock().unwrap().pop_front().unwrap_or("202 Accepted");
    let mut stream = stream;
    match answer {
        RESET => return,
        SILENCE => return wait_for_the_end(&mut stream),
        STALL => {
            let _gone = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
            return wait_for_the_end(&mut stream);
        }
        _ => {}
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let length = body.len();
    let text =
        format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    // The notifier may have given up on a held answer.
    let _gone = stream.write_all(text.as_bytes());
}

/// Keeps the connection open until the other side closes it.
fn wait_for_the_end(stream: &mut TcpStream) {
    let _gone = stream.read(&mut [0; 16]);
}
