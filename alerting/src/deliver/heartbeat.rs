//! The request of the heartbeat: an outside monitor raises an alarm when it gets none for some minutes.

use std::fmt;

use reqwest::Client;

use super::exchange::{guard, http};
use crate::error::{Error, Result};
use crate::rule::Secret;

/// An outside monitor that expects regular requests. Its address is a secret: who knows it can keep the
/// monitor quiet.
#[derive(Clone)]
pub struct HeartbeatTarget {
    client: Client,
    url: Secret,
}

impl fmt::Debug for HeartbeatTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeartbeatTarget").finish_non_exhaustive()
    }
}

impl HeartbeatTarget {
    /// The monitor at an address. With `allow_private` it may be a loopback or private one.
    ///
    /// # Errors
    /// When the address is private and that is not allowed, or the HTTP client cannot be set up.
    pub fn new(url: &Secret, allow_private: bool) -> Result<Self> {
        match guard::private_host(url.expose()) {
            Some(host) if !allow_private => Err(Error::PrivateHeartbeat { host }),
            _ => Ok(Self { client: http::client(allow_private)?, url: url.clone() }),
        }
    }

    /// Makes one request.
    ///
    /// # Errors
    /// When it is not answered with 2xx, and why. The text does not contain the address.
    pub async fn send(&self) -> std::result::Result<(), String> {
        let answer = self.client.get(self.url.expose()).send().await.map_err(http::describe)?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answered {}", status.as_u16())) }
    }
}
