//! Checks of receivers, and where their secrets become known.

use std::collections::BTreeSet;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_saphyr::Spanned;

use super::context::{Entry, claim_name, file_error};
use crate::limits::{
    EMAIL_ADDRESSEES_MAX, ESCALATE_AFTER_MS, FAIL_OVER_AFTER_MS, GIVE_UP_AFTER_MS, RATE_CALLS_MAX,
    RECEIVERS_MAX, WEBHOOK_SECRETS_MAX,
};
use crate::rule::error::{Checked, Problem};
use crate::rule::quantity::duration_ms;
use crate::rule::raw::{
    RawAlertmanager, RawEmail, RawMailTls, RawNext, RawPagerDuty, RawRate, RawReceiver, RawSlack,
    RawTexts, RawWebhook,
};
use crate::rule::receiver::webhook_key;
use crate::rule::secret::{Secret, SecretSource};
use crate::rule::{
    Escalation, FailOver, MailTls, Mailbox, PAGERDUTY_URL, Rate, Receiver, Target, Texts,
};
use crate::wording;

/// Resolves the secrets of receivers.
struct Secrets<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    base_dir: &'a Path,
}

impl Secrets<'_> {
    fn resolve(
        &self,
        entry: &Entry,
        field: &'static str,
        source: &SecretSource,
    ) -> Checked<Secret> {
        source.resolve(self.env, self.base_dir).map_err(|problem| entry.error(field, problem))
    }
}

pub(super) fn receivers(
    raw: Vec<Spanned<RawReceiver>>,
    env: &dyn Fn(&str) -> Option<String>,
    base_dir: &Path,
) -> Checked<Vec<Receiver>> {
    if raw.len() > RECEIVERS_MAX {
        let problem = Problem::TooMany { count: raw.len(), limit: RECEIVERS_MAX };
        return Err(file_error("receivers", problem));
    }
    let secrets = Secrets { env, base_dir };
    let known: BTreeSet<String> = raw.iter().map(|raw| raw.value.name.value.clone()).collect();
    let mut names = BTreeSet::new();
    raw.into_iter().map(|raw| receiver(raw.value, &secrets, &known, &mut names)).collect()
}

fn receiver(
    raw: RawReceiver,
    secrets: &Secrets<'_>,
    known: &BTreeSet<String>,
    names: &mut BTreeSet<String>,
) -> Checked<Receiver> {
    let entry = claim_name("receiver", &raw.name, names)?;
    let takes_changes = raw.pagerduty.as_ref().is_some_and(|raw| raw.changes);
    let webhook_secret = raw.pagerduty.as_ref().and_then(|raw| raw.webhook_secret.as_ref());
    let webhook_secret = webhook_secret
        .map(|source| secrets.resolve(&entry, "webhook_secret", source))
        .transpose()?;
    let targets = [
        raw.pagerduty.map(|raw| pagerduty(&entry, raw, secrets)),
        raw.webhook.map(|raw| webhook(&entry, raw, secrets)),
        raw.slack.map(|raw| slack(&entry, raw, secrets)),
        raw.alertmanager.map(|raw| alertmanager(&entry, raw)),
        raw.email.map(|raw| email(&entry, raw, secrets)),
    ];
    let mut targets = targets.into_iter().flatten();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return Err(entry.error("name", Problem::ReceiverKind));
    };
    let target = target?;
    let rate = raw.rate.map(|raw| rate(&entry, &raw)).transpose()?;
    let give_up_after = raw.give_up_after.as_ref();
    let give_up_after = give_up_after.map(|text| positive(&entry, "give_up_after", text));
    Ok(Receiver {
        rate: rate.unwrap_or(target.rate()),
        give_up_after_ms: give_up_after.transpose()?.unwrap_or(GIVE_UP_AFTER_MS),
        fail_over: next(&entry, "fail_over", raw.fail_over, (&raw.name, known))?.map(
            |(to, after_ms)| FailOver { to, after_ms: after_ms.unwrap_or(FAIL_OVER_AFTER_MS) },
        ),
        escalate: next(&entry, "escalate", raw.escalate, (&raw.name, known))?.map(
            |(to, after_ms)| Escalation { to, after_ms: after_ms.unwrap_or(ESCALATE_AFTER_MS) },
        ),
        webhook_secret,
        takes_changes,
        texts: raw.text.map(|it| texts(&entry, it)).transpose()?.unwrap_or_default(),
        target,
        name: raw.name.value,
    })
}

fn texts(entry: &Entry, raw: RawTexts) -> Checked<Texts> {
    let checked = |text: Option<Spanned<String>>| {
        let Some(text) = text else { return Ok(None) };
        match wording::check(&text.value) {
            Ok(()) => Ok(Some(text.value)),
            Err(mistake) => {
                let problem = Problem::Template { line: mistake.line, detail: mistake.detail };
                let mut error = entry.error_at(text.referenced, "text", problem);
                if mistake.line > 1 {
                    (error.line, error.column) = (error.line + mistake.line - 1, 0);
                }
                Err(error)
            }
        }
    };
    Ok(Texts { summary: checked(raw.summary)?, body: checked(raw.body)? })
}

fn rate(entry: &Entry, raw: &RawRate) -> Checked<Rate> {
    let calls = raw.calls.value;
    if !(1..=RATE_CALLS_MAX).contains(&calls) {
        let problem = Problem::OutOfRange { value: calls.to_string(), expected: "1 to 10000" };
        return Err(entry.error_at(raw.calls.referenced, "rate", problem));
    }
    Ok(Rate { calls, per_ms: positive(entry, "rate", &raw.per)? })
}

fn positive(entry: &Entry, field: &'static str, text: &Spanned<String>) -> Checked<i64> {
    let ms = entry.parsed(field, text, duration_ms)?;
    if ms == 0 {
        return Err(entry.error_at(text.referenced, field, Problem::DurationRange("0s".into())));
    }
    Ok(ms)
}

/// The receiver that comes after one, and after how many ms, when that is said.
fn next(
    entry: &Entry,
    field: &'static str,
    raw: Option<RawNext>,
    (own, known): (&Spanned<String>, &BTreeSet<String>),
) -> Checked<Option<(String, Option<i64>)>> {
    let Some(RawNext { to, after }) = raw else { return Ok(None) };
    if to.value == own.value || !known.contains(&to.value) {
        let problem = Problem::NoOtherReceiver(to.value);
        return Err(entry.error_at(to.referenced, field, problem));
    }
    let after = after.as_ref().map(|text| entry.parsed(field, text, duration_ms)).transpose()?;
    Ok(Some((to.value, after)))
}

fn pagerduty(entry: &Entry, raw: RawPagerDuty, secrets: &Secrets<'_>) -> Checked<Target> {
    let source = raw.routing_key.ok_or_else(|| {
        entry.error("routing_key", Problem::Missing("the integration's key, 32 characters"))
    })?;
    let routing_key = secrets.resolve(entry, "routing_key", &source)?;
    let url = match raw.url {
        Some(url) => entry.parsed("url", &url, address)?,
        None => PAGERDUTY_URL.to_owned(),
    };
    Ok(Target::PagerDuty { url: url.trim_end_matches('/').to_owned(), routing_key })
}

fn webhook(entry: &Entry, raw: RawWebhook, secrets: &Secrets<'_>) -> Checked<Target> {
    let url = raw
        .url
        .ok_or_else(|| entry.error("url", Problem::Missing("the address that takes the alerts")))?;
    let url = entry.parsed("url", &url, address)?;
    let sources: Vec<SecretSource> =
        raw.secret.into_iter().chain(raw.secrets.into_iter().flatten()).collect();
    if sources.len() > WEBHOOK_SECRETS_MAX {
        let problem = Problem::TooMany { count: sources.len(), limit: WEBHOOK_SECRETS_MAX };
        return Err(entry.error("secrets", problem));
    }
    let signing = sources.iter().map(|source| secrets.resolve(entry, "secret", source));
    let signing = signing.collect::<Checked<Vec<Secret>>>()?;
    if signing.iter().any(|secret| webhook_key(secret).is_none()) {
        return Err(entry.error("secret", Problem::SecretEncoding));
    }
    Ok(Target::Webhook { url, secrets: signing })
}

fn slack(entry: &Entry, raw: RawSlack, secrets: &Secrets<'_>) -> Checked<Target> {
    let remedy = "the webhook's address, https://hooks.slack.com/services/…, as a secret";
    let source = raw.url.ok_or_else(|| entry.error("url", Problem::Missing(remedy)))?;
    let url = secrets.resolve(entry, "url", &source)?;
    address(url.expose()).map_err(|problem| entry.error("url", problem))?;
    Ok(Target::Slack { url })
}

fn alertmanager(entry: &Entry, raw: RawAlertmanager) -> Checked<Target> {
    let remedy = "its address, such as http://alertmanager.example:9093";
    let url = raw.url.ok_or_else(|| entry.error("url", Problem::Missing(remedy)))?;
    let url = entry.parsed("url", &url, address)?;
    Ok(Target::Alertmanager { url: url.trim_end_matches('/').to_owned() })
}

fn email(entry: &Entry, raw: RawEmail, secrets: &Secrets<'_>) -> Checked<Target> {
    let host = entry.needed("host", raw.host, "the host name of the mail server")?;
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
            return Err(entry.error("password", Problem::Missing("the password of `user`")));
        }
        (None, Some(_)) => {
            return Err(entry.error("user", Problem::Missing("the user the password belongs to")));
        }
    };
    let from = raw.from.ok_or_else(|| entry.error("from", Problem::Missing("the sender")))?;
    let from = entry.parsed("from", &from, mail_address)?;
    let to = raw.to.unwrap_or_default();
    if to.is_empty() {
        return Err(entry.error("to", Problem::EmptyList("addressee")));
    }
    if to.len() > EMAIL_ADDRESSEES_MAX {
        let problem = Problem::TooMany { count: to.len(), limit: EMAIL_ADDRESSEES_MAX };
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

/// Reads the certificates that a mail server's is held against.
fn authority(
    entry: &Entry,
    path: &Spanned<String>,
    tls: MailTls,
    base_dir: &Path,
) -> Checked<Secret> {
    let refuse = |problem| entry.error_at(path.referenced, "ca", problem);
    if tls == MailTls::None {
        return Err(refuse(Problem::CaWithoutTls));
    }
    let source = SecretSource::File(path.value.clone());
    let pem = source.resolve(&|_| None, base_dir).map_err(|problem| match problem {
        Problem::SecretFile { path, detail } => refuse(Problem::CaFile { path, detail }),
        _ => refuse(Problem::CaFile { path: path.value.clone(), detail: "it is empty".into() }),
    })?;
    let mut found = CertificateDer::pem_slice_iter(pem.expose().as_bytes());
    if !found.next().is_some_and(|first| first.is_ok() && found.all(|next| next.is_ok())) {
        let detail = "it holds no certificate in PEM, or a broken one".to_owned();
        return Err(refuse(Problem::CaFile { path: path.value.clone(), detail }));
    }
    Ok(pem)
}

fn mail_address(text: &str) -> Result<String, Problem> {
    let parsed = text.parse::<lettre::message::Mailbox>();
    parsed.map(|_| text.to_owned()).map_err(|_| Problem::EmailAddress(text.to_owned()))
}

/// Checks an address. It is not repeated in the message: parts of it may be secret.
fn address(text: &str) -> Result<String, Problem> {
    let url = reqwest::Url::parse(text).map_err(|error| Problem::Url(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Problem::Url(format!("`{}` is not spoken here", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::Url("it carries a user name or password".into()));
    }
    Ok(text.to_owned())
}
