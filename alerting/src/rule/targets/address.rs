//! Checks of the addresses of receivers. No message repeats an address, because parts of it may be secret.

use reqwest::Url;

use crate::rule::error::RuleProblem;

/// What an address looks like that may have any scheme.
const HTTP: &str = "http:// or https://, a host and a path, without user name and password";
/// What the base of an address looks like.
const BASE: &str = "http:// or https:// and a host, without the path of the API";

/// What the addresses of a service look like, as far as is known.
pub(super) struct Service {
    /// An address in words, for the error.
    pub(super) remedy: &'static str,
    /// Whether it may be reached without TLS.
    pub(super) allows_http: bool,
    /// Checks host, path and parameters; the error says what is wrong.
    pub(super) check: fn(&Url) -> Result<(), &'static str>,
}

/// Checks an address that requests are sent to as it is.
pub(super) fn full_url(text: &str) -> Result<String, RuleProblem> {
    let error = |reason| Err(RuleProblem::Url(reason, HTTP));
    match read(text) {
        Ok(url) if url.fragment().is_some() => error("a part behind `#` is never sent"),
        Ok(_) => Ok(text.to_owned()),
        Err(reason) => error(reason),
    }
}

/// Checks an address that the path `path` of an API is appended to, and returns it without a `/` at its end.
pub(super) fn base_url(text: &str, path: &str) -> Result<String, RuleProblem> {
    let error = |reason| Err(RuleProblem::Url(reason, BASE));
    match read(text) {
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            error("it has a query or a fragment")
        }
        Ok(url) if url.path().trim_end_matches('/').ends_with(path) => {
            error("it has the path of the API, which is added to it")
        }
        Ok(_) => Ok(text.trim_end_matches('/').to_owned()),
        Err(reason) => error(reason),
    }
}

/// Checks an address of a service. An IP address or `localhost` is a stand-in for it, of which nothing is
/// known.
pub(super) fn service_url(text: &str, service: &Service) -> Result<(), RuleProblem> {
    let checked = read(text).and_then(|url| {
        if url.fragment().is_some() {
            return Err("a part behind `#` is never sent");
        }
        if is_stand_in(&url) {
            return Ok(());
        }
        (service.check)(&url)?;
        let is_encrypted = url.scheme() == "https" || service.allows_http;
        if is_encrypted { Ok(()) } else { Err("it is reached over https only") }
    });
    checked.map_err(|reason| RuleProblem::Url(reason, service.remedy))
}

/// The value of a parameter, if it has one.
pub(super) fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let value = pairs.find(|(found, _)| found == name)?.1.into_owned();
    Some(value).filter(|value| !value.trim().is_empty())
}

/// The parts of a path that are not empty.
pub(super) fn path_parts(url: &Url) -> Vec<&str> {
    url.path().split('/').filter(|part| !part.is_empty()).collect()
}

/// The same for the API of a service, which has no path at the hosts of the service itself.
pub(super) fn base_url_of(text: &str, path: &str, domain: &str) -> Result<String, RuleProblem> {
    let base = base_url(text, path)?;
    let is_of_service = is_of_host(&base, domain);
    let error = |reason| Err(RuleProblem::Url(reason, BASE));
    match Url::parse(&base) {
        Ok(url) if is_of_service && url.scheme() != "https" => {
            error("it is reached over https only")
        }
        Ok(url) if is_of_service && url.path() != "/" => {
            error("it has a path, and that of the API is added to it")
        }
        _ => Ok(base),
    }
}

/// Whether an address has a host of this domain.
pub(super) fn is_of_host(url: &str, domain: &str) -> bool {
    let is_within = |host: &str| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_within))
}

/// Whether the host is an IP address or `localhost`.
fn is_stand_in(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok()
}

/// Reads an address of the schemes http and https, or says what is wrong with it.
fn read(text: &str) -> Result<Url, &'static str> {
    if text.contains("${") {
        return Err("variables such as `${NAME}` are not replaced in the rules file");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it holds a space or a line break");
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("it does not begin with a scheme");
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err("its scheme is not supported");
    }
    if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) {
        return Err("it has no host");
    }
    let url = Url::parse(text).map_err(|_| "its host or port is not valid")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user name or password");
    }
    let is_of_host =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
    match url.host_str() {
        Some(host) if host.chars().all(is_of_host) && is_name(host) => Ok(url),
        _ => Err("its host or port is not valid"),
    }
}

/// Whether no part of a name is empty, or begins or ends with a hyphen. A period may end it.
fn is_name(host: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    host.starts_with('[') || host.strip_suffix('.').unwrap_or(host).split('.').all(is_part)
}

#[cfg(test)]
mod tests;
