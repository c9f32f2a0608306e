//! A receiver of notifications on the loopback interface that records all requests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

/// One request that arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The path, without query string.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The received body.
    pub text: String,
    /// The body, or null where it is no JSON.
    pub body: Value,
}

impl Recorded {
    /// A header as text; empty where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The receiver. It answers 202 unless statuses were scripted.
#[derive(Debug, Clone)]
pub struct Recorder {
    url: String,
    state: Arc<Mutex<RecorderState>>,
}

#[derive(Debug, Default)]
struct RecorderState {
    requests: Vec<Recorded>,
    /// Answers for the next requests to a path; afterwards it is 202.
    statuses: HashMap<String, VecDeque<u16>>,
    /// Bodies of the answers at paths that have one of their own.
    bodies: HashMap<String, String>,
    /// How long an answer takes.
    delay: Duration,
}

impl Recorder {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let recorder = Self { url: format!("http://{address}"), state: Arc::default() };
        let app = Router::new().fallback(record).with_state(Arc::clone(&recorder.state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        recorder
    }

    /// Its address, for example `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next answers at `path`; after them it is 202 again.
    ///
    /// # Panics
    /// A handler has panicked.
    pub fn answer_next(&self, path: &str, statuses: &[u16]) {
        let mut state = self.state.lock().expect("no handler panics");
        state.statuses.entry(path.to_owned()).or_default().extend(statuses);
    }

    /// Drops the answers that were scripted for `path`: it is 202 again.
    ///
    /// # Panics
    /// A handler has panicked.
    pub fn forget_answers(&self, path: &str) {
        self.state.lock().expect("no handler panics").statuses.remove(path);
    }

    /// The body of every answer at `path` from now on.
    ///
    /// # Panics
    /// A handler has panicked.
    pub fn answer_with(&self, path: &str, body: &str) {
        let mut state = self.state.lock().expect("no handler panics");
        state.bodies.insert(path.to_owned(), body.to_owned());
    }

    /// Delays every answer from now on.
    ///
    /// # Panics
    /// A handler has panicked.
    pub fn answer_after(&self, delay: Duration) {
        self.state.lock().expect("no handler panics").delay = delay;
    }

    /// All requests so far.
    ///
    /// # Panics
    /// A handler has panicked.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.lock().expect("no handler panics").requests.clone()
    }

    /// The requests to `path` so far.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// Waits until `path` was called `count` times; false when that does not happen in time.
    pub async fn wait_for(&self, path: &str, count: usize, patience: Duration) -> bool {
        let start = Instant::now();
        while self.requests_to(path).len() < count {
            if start.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

async fn record(
    State(state): State<Arc<Mutex<RecorderState>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    text: String,
) -> (StatusCode, String) {
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    let path = uri.path().to_owned();
    let (status, answer, delay) = {
        let mut state = state.lock().expect("no handler panics");
        let status = state.statuses.get_mut(&path).and_then(VecDeque::pop_front).unwrap_or(202);
        let usual = || r#"{"status":"success","message":"Event processed"}"#.to_owned();
        let answer = state.bodies.get(&path).cloned().unwrap_or_else(usual);
        state.requests.push(Recorded { method, path, headers, text, body });
        (status, answer, state.delay)
    };
    tokio::time::sleep(delay).await;
    (StatusCode::from_u16(status).expect("a scripted status"), answer)
}
