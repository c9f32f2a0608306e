//! A receiver of notifications on the loopback interface. It writes a mark before it answers, and answers
//! some requests with 503 once.

use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::runtime::Handle;

/// Writes a mark.
pub(super) type WriteMark = Arc<dyn Fn(&str) + Send + Sync>;

/// A receiver. Its address is that of one socket, which several processes use one after the other: the
/// notifications that follow a trigger go to the address that got it.
#[derive(Debug)]
pub struct Receiver {
    listener: TcpListener,
}

#[derive(Clone)]
struct Serving {
    write_mark: WriteMark,
    is_down: Arc<AtomicBool>,
    refused: Arc<Mutex<Refused>>,
}

/// What was answered with 503.
#[derive(Debug, Default)]
struct Refused {
    ids: HashSet<String>,
    /// The last request was: the next is not, so that the receiver is never taken to be down.
    is_last: bool,
}

impl Receiver {
    /// A receiver at a free port.
    ///
    /// # Errors
    /// There is none.
    pub fn new() -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0")? })
    }

    /// The receiver that [`Receiver::to_child`] passed to this process.
    ///
    /// # Errors
    /// The standard input is no socket.
    pub fn inherited() -> io::Result<Self> {
        let socket: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self { listener: socket.into() })
    }

    /// The standard input of a process that uses the receiver instead of this one.
    ///
    /// # Errors
    /// No more files can be opened.
    pub fn to_child(&self) -> io::Result<Stdio> {
        Ok(OwnedFd::from(self.listener.try_clone()?).into())
    }

    /// Its address.
    ///
    /// # Errors
    /// It is no socket.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until the runtime ends: with 503 while `is_down`. What processes that have ended had
    /// sent is dropped.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn serve(
        &self,
        runtime: &Handle,
        write_mark: WriteMark,
        is_down: Arc<AtomicBool>,
    ) -> io::Result<()> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        while listener.accept().is_ok() {}
        let _context = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = Router::new().fallback(take).with_state(Serving {
            write_mark,
            is_down,
            refused: Arc::default(),
        });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(())
    }
}

async fn take(
    State(serving): State<Serving>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    if serving.is_down.load(Ordering::SeqCst)
        || serving.refused.lock().unwrap_or_else(PoisonError::into_inner).refuses(id)
    {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    (serving.write_mark)(&format!("received {} {id} {body}", uri.path()));
    StatusCode::OK
}

impl Refused {
    fn refuses(&mut self, id: &str) -> bool {
        let is_chosen = id.ends_with(['0', '1', '2', '3']);
        self.is_last = is_chosen && !self.is_last && self.ids.insert(id.to_owned());
        self.is_last
    }
}
