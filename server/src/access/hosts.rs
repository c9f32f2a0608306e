//! The names under which this server is asked.
//!
//! A page of another site can make a browser send requests here. It cannot choose the `Host` of a request,
//! and the `Origin` says whose page it is. A name that its owner points at this machine (DNS rebinding) is
//! none of these.

use std::net::IpAddr;

/// The hosts of this server.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    /// The address that the server listens on.
    listen: IpAddr,
    /// Names and addresses besides, in lower case and without port.
    named: Vec<String>,
    /// The authority of the external URL: host, and the port when it has one.
    external: Option<String>,
}

impl Hosts {
    /// The hosts of a server that listens on an address. `external_url` is the one that people use.
    pub(crate) fn new(listen: IpAddr, allowed: &[String], external_url: Option<&str>) -> Self {
        let authority = external_url.and_then(authority_of).map(str::to_ascii_lowercase);
        let external_host = authority.as_deref().map(|it| host_of(it).to_owned());
        let named = allowed.iter().map(|host| host.to_ascii_lowercase()).chain(external_host);
        Self { listen, named: named.collect(), external: authority }
    }

    /// Whether others than this machine reach the server.
    pub(crate) const fn are_reached_by_others(&self) -> bool {
        !self.listen.is_loopback()
    }

    /// Whether a request with this `Host` is meant for this server.
    pub(crate) fn accept(&self, host: &str) -> bool {
        let host = host_of(host).to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        if self.named.iter().any(|named| named == host) {
            return true;
        }
        // A name without a dot belongs to no domain that somebody could own and point here: it is one of the
        // local network, such as that of a container.
        if !host.is_empty()
            && host.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
        {
            return true;
        }
        // Only a name can be made to point at another machine.
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok_and(|address| {
            address.is_loopback() || address == self.listen || self.listen.is_unspecified()
        })
    }

    /// Whether a page of this origin is one of this server, when the request has this `Host`.
    pub(crate) fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let Some(authority) = authority_of(origin) else { return false };
        let is = |other: &str| authority.eq_ignore_ascii_case(other);
        is(host) || self.external.as_deref().is_some_and(is)
    }
}

/// The host and port of an `http` or `https` URL.
fn authority_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    rest.split('/').next().filter(|authority| !authority.is_empty())
}

/// A host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests;
