//! Bounds on the memory of answers. An answer that nobody reads yet is held as a whole, so large ones are
//! counted until they are sent or the connection ends, and there may be only so many.

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::admission::Reserved;
use crate::app::App;
use crate::error::ApiError;

/// Smaller answers are not counted: the number of connections bounds them.
const COUNTED_BYTES_MIN: u64 = 64 << 10;

/// The bytes of an answer and the memory reserved for them. Both live as long as any part is to be sent.
#[derive(Debug)]
struct Held {
    bytes: Bytes,
    _reserved: Reserved,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The middleware: a large answer is sent if there is memory for it; else the answer is 503.
pub(super) async fn bound(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let bytes = response.body().size_hint().exact().unwrap_or(0);
    if bytes < COUNTED_BYTES_MIN {
        return response;
    }
    let (parts, body) = response.into_parts();
    let held = async {
        let reserved = app.answers.reserve(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        // The body is one piece of memory already, so nothing is copied.
        let bytes = to_bytes(body, usize::MAX).await.map_err(|error| ApiError::internal(&error))?;
        Ok::<_, ApiError>(Bytes::from_owner(Held { bytes, _reserved: reserved }))
    };
    match held.await {
        Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
        Err(error) => error.into_response(),
    }
}
