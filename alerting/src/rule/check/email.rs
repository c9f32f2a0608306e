//! Checks of an e-mail receiver.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_saphyr::Spanned;

use crate::rule::check::context::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawEmail, RawMailTls};
use crate::rule::types::{MailTls, Mailbox, Secret, SecretSource, Target};

/// Recipients of one e-mail receiver.
const RECIPIENTS_MAX: usize = 50;

/// An e-mail receiver.
pub(super) fn email(entry: &Entry, raw: RawEmail, secrets: &Secrets<'_>) -> Checked<Target> {
    let host = entry.required("host", raw.host, "the host name of the mail server")?;
    let tls = match raw.tls {
        None | Some(RawMailTls::Starttls) => MailTls::StartTls,
        Some(RawMailTls::Tls) => MailTls::Tls,
        Some(RawMailTls::None) => MailTls::None,
    };
    let ca = raw.ca.as_ref();
    let ca = ca.map(|path| authority(entry, path, tls, secrets.base_dir)).transpose()?;
    let login = match (raw.user, raw.password) {
        (None, None) => None,
        (Some(user), Some(source)) => Some((user, secrets.resolve(entry, "password", &source)?)),
        (Some(_), None) => {
            return Err(entry.error("password", RuleProblem::Missing("the password of `user`")));
        }
        (None, Some(_)) => {
            return Err(
                entry.error("user", RuleProblem::Missing("the user the password belongs to"))
            );
        }
    };
    let from = raw.from.ok_or_else(|| entry.error("from", RuleProblem::Missing("the sender")))?;
    let from = entry.parsed("from", &from, mail_address)?;
    let to = raw.to.unwrap_or_default();
    if to.is_empty() {
        return Err(entry.error("to", RuleProblem::EmptyList("recipient")));
    }
    if to.len() > RECIPIENTS_MAX {
        let problem = RuleProblem::TooMany { count: to.len(), limit: RECIPIENTS_MAX };
        return Err(entry.error("to", problem));
    }
    let to =
        to.iter().map(|text| entry.parsed("to", text, mail_address)).collect::<Checked<_>>()?;
    let port = raw.port.unwrap_or(match tls {
        MailTls::StartTls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    });
    Ok(Target::Email(Mailbox { host, port, tls, ca, login, from, to }))
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
    let pem = source.resolve(&|_| None, base_dir).map_err(|problem| match problem {
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
