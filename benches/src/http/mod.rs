//! Just enough HTTP/1.1 to drive a server with little work on the client side: one blocking connection and
//! one for many at once.

mod asynchronous;
mod blocking;

pub use asynchronous::AsyncConnection;
pub use blocking::{Answer, BlockingConnection};

/// The request that reads `path` with its query string.
#[must_use]
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

/// The request that posts a body. Each of `headers` is a whole line without its end.
#[must_use]
pub fn post(path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: bench\r\n{lines}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The value of a metric without labels in the Prometheus text format.
#[must_use]
pub fn metric(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.trim().parse().ok())
}

#[cfg(test)]
mod tests;
