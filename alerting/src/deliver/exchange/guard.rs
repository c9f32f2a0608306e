//! Protection against server-side request forgery: loopback, private, link-local and other special
//! addresses are rejected, whether written as an IP address or found through a host name.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::rule::{Address, Target};

/// Resolves names and drops every address that is not public. The connection goes to the addresses
/// it returns and to no other, so a name that changes between check and use has no effect.
#[derive(Debug)]
pub(in crate::deliver) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let public = addresses(name.as_str(), 0, false).await?;
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// The host of a target, when it is written as an IP address that is not public.
pub(in crate::deliver) fn private_literal(target: &Target) -> Option<String> {
    match target.address() {
        Address::Url(url) => private_host(url),
        Address::Host(host) => {
            let ip: IpAddr = host.parse().ok()?;
            (!is_public(ip)).then(|| host.to_owned())
        }
    }
}

/// The host of a URL, when it is an IP address that is not public. The URL parser has normalised
/// every notation of IPv4 (hexadecimal, one number).
pub(in crate::deliver) fn private_host(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let host = url.host_str()?;
    let ip: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    (!is_public(ip)).then(|| host.to_owned())
}

/// The addresses of a host that may be connected to.
pub(in crate::deliver) async fn addresses(
    host: &str,
    port: u16,
    allow_private: bool,
) -> io::Result<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host((host, port)).await?;
    let allowed: Vec<SocketAddr> =
        found.filter(|address| allow_private || is_public(address.ip())).collect();
    if allowed.is_empty() {
        let text = "the name leads to no public address; start with --allow-private-receivers if it should";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(allowed)
}

/// Whether an address is one of the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded_v4(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (b == 18 || b == 19);
    let special = a == 0 || a >= 240 || shared || protocol || benchmark;
    !(special
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // Global unicast is 2000::/3; all else is loopback, local, multicast or unassigned. Within it
    // 2001::/23 is for protocols such as Teredo, and 2001:db8::/32 for documentation.
    let [first, second, ..] = ip.segments();
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 or 6to4.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (s0, s1, s2, s3, s4, s5) {
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(v4(s6, s7)),
        (0x2002, ..) => Some(v4(s1, s2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
