//! E-mail in the rules file.

use std::path::Path;

use bincode::{Decode, Encode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Recipients of one e-mail receiver.
const RECIPIENTS_MAX: usize = 50;

/// A mail server, with the sender and the recipients of its mails. Fields are on disk: never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct EmailTarget<S = Secret> {
    /// Host name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// User name and password, when the server requires them.
    pub login: Option<(String, S)>,
    /// The sender.
    pub from: String,
    /// The recipients, at least one.
    pub to: Vec<String>,
    /// Certificates, in PEM, of the only authorities that are trusted; `None` to trust those of the
    /// system. Stored like a secret, by the file it was read from.
    pub ca: Option<S>,
}

/// How a connection to a mail server is encrypted. The numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub enum MailTls {
    /// STARTTLS is required.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// No encryption.
    None,
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmail {
    host: Option<String>,
    port: Option<u16>,
    tls: Option<RawMailTls>,
    ca: Option<Spanned<String>>,
    user: Option<String>,
    password: Option<SecretSource>,
    from: Option<Spanned<String>>,
    to: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawMailTls {
    Starttls,
    Tls,
    None,
}

impl RawEmail {
    pub(super) fn check(self, entry: &Entry, secrets: &Secrets<'_>) -> Checked<CheckedTarget> {
        let host = entry.required("host", self.host, "the host name of the mail server")?;
        let is_of_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        let has_port = host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err();
        if has_port || !host.chars().all(is_of_host) {
            return Err(entry.error("host", RuleProblem::MailHost(host)));
        }
        if self.port == Some(0) {
            let (value, expected) = ("0".to_owned(), "1 to 65535");
            return Err(entry.error("port", RuleProblem::OutOfRange { value, expected }));
        }
        let tls = match self.tls {
            None | Some(RawMailTls::Starttls) => MailTls::StartTls,
            Some(RawMailTls::Tls) => MailTls::Tls,
            Some(RawMailTls::None) => MailTls::None,
        };
        let ca = self.ca.as_ref();
        let ca = ca.map(|path| authority(entry, path, tls, secrets.base_dir)).transpose()?;
        let login = match (self.user, self.password) {
            (None, None) => None,
            (Some(user), Some(source)) => {
                let user = entry.required("user", Some(user), "the user of the mail server")?;
                Some((user, secrets.resolve(entry, "password", &source)?))
            }
            (Some(_), None) => {
                return Err(entry.error("password", RuleProblem::Missing("the password of `user`")));
            }
            (None, Some(_)) => {
                return Err(
                    entry.error("user", RuleProblem::Missing("the user the password belongs to"))
                );
            }
        };
        let from =
            self.from.ok_or_else(|| entry.error("from", RuleProblem::Missing("the sender")))?;
        let from = entry.parsed("from", &from, mail_address)?;
        let to = self.to.unwrap_or_default();
        if to.is_empty() {
            return Err(entry.error("to", RuleProblem::EmptyList("recipient")));
        }
        if to.len() > RECIPIENTS_MAX {
            let problem = RuleProblem::TooMany { count: to.len(), limit: RECIPIENTS_MAX };
            return Err(entry.error("to", problem));
        }
        let to =
            to.iter().map(|text| entry.parsed("to", text, mail_address)).collect::<Checked<_>>()?;
        let port = self.port.unwrap_or(match tls {
            MailTls::StartTls => 587,
            MailTls::Tls => 465,
            MailTls::None => 25,
        });
        Ok(Target::Email(EmailTarget { host, port, tls, login, from, to, ca }).into())
    }
}

impl<S> EmailTarget<S> {
    pub(super) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<EmailTarget<T>> {
        let login = match &self.login {
            Some((user, password)) => Some((user.clone(), replace(password)?)),
            None => None,
        };
        let ca = match &self.ca {
            Some(ca) => Some(replace(ca)?),
            None => None,
        };
        let (host, port, tls) = (self.host.clone(), self.port, self.tls);
        let (from, to) = (self.from.clone(), self.to.clone());
        Some(EmailTarget { host, port, tls, login, from, to, ca })
    }
}

impl TargetKind for EmailTarget {
    fn address(&self) -> Address<'_> {
        Address::Host(&self.host)
    }

    fn identity(&self) -> Vec<String> {
        vec![format!("{}:{}", self.host, self.port), self.to.join("\0")]
    }

    fn rate(&self) -> RateLimit {
        RateLimit { calls: 20, per_ms: 60_000 }
    }

    fn takes_updates(&self) -> bool {
        false
    }
}

/// The certificates of the authorities that are trusted.
fn authority(
    entry: &Entry,
    path: &Spanned<String>,
    tls: MailTls,
    base_dir: &Path,
) -> Checked<Secret> {
    let error = |problem| entry.error_at(path.referenced, "ca", problem);
    if tls == MailTls::None {
        return Err(error(RuleProblem::CaWithoutTls));
    }
    let source = SecretSource::File(path.value.clone());
    let pem = source.read(&|_| None, base_dir).map_err(|problem| match problem {
        RuleProblem::SecretFile { path, detail } => error(RuleProblem::CaFile { path, detail }),
        _ => error(RuleProblem::CaFile { path: path.value.clone(), detail: "it is empty".into() }),
    })?;
    let mut found = CertificateDer::pem_slice_iter(pem.expose().as_bytes());
    if !found.next().is_some_and(|first| first.is_ok() && found.all(|next| next.is_ok())) {
        let detail = "it holds no certificate in PEM, or one that is not valid".to_owned();
        return Err(error(RuleProblem::CaFile { path: path.value.clone(), detail }));
    }
    Ok(pem)
}

fn mail_address(text: &str) -> Result<String, RuleProblem> {
    let parsed = text.parse::<lettre::message::Mailbox>();
    parsed.map(|_| text.to_owned()).map_err(|_| RuleProblem::EmailAddress(text.to_owned()))
}
