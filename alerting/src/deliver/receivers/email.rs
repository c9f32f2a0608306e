//! E-mail over SMTP. Mails about one alert refer to the same message id, so that mail programs show them as
//! one thread.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use lettre::message::MultiPart;
use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use plimsoll_storage::TimestampMs;

use crate::deliver::exchange::guard;
use crate::deliver::exchange::outcome::{AttemptOutcome, AttemptResult};
use crate::limits::SEND_TIMEOUT_MS;
use crate::message::fit;
use crate::message::render::RenderedMessage;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{EmailTarget, MailTls, MessageTemplates};

/// Characters of a mail's subject.
const EMAIL_SUBJECT_CHARS_MAX: usize = 200;
/// Bytes of a mail's body.
pub(super) const EMAIL_BODY_BYTES_MAX: usize = 64 << 10;

/// The body of a mail without a template of its own, as text and as HTML.
const BODY: &str = include_str!("../../../templates/email.txt");
const HTML: &str = include_str!("../../../templates/email.html");

/// Sends a delivery as one mail to all addressees.
pub(in crate::deliver) async fn send(
    target: &EmailTarget,
    delivery: &Delivery,
    templates: &MessageTemplates,
    now: TimestampMs,
    allow_private: bool,
) -> AttemptResult {
    let result = AttemptResult::new;
    let message = match message(target, delivery, templates, now) {
        Ok(message) => message,
        Err(reason) => return result(AttemptOutcome::Rejected { reason }, None),
    };
    let sending = attempt(target, message, allow_private);
    match tokio::time::timeout(Duration::from_millis(SEND_TIMEOUT_MS), sending).await {
        Ok(Ok(status)) => result(AttemptOutcome::Delivered, Some(status)),
        Ok(Err(MailError::Address(error))) => {
            let reason = format!("the mail server's address: {error}");
            result(AttemptOutcome::failed(reason), None)
        }
        Ok(Err(MailError::Smtp(error))) => classify(&error),
        Err(_) => {
            let reason = "the mail server did not answer in time".to_owned();
            result(AttemptOutcome::failed(reason), None)
        }
    }
}

/// Why a mail was not sent.
enum MailError {
    /// There is no address to connect to.
    Address(io::Error),
    Smtp(smtp::Error),
}

/// Tries the addresses of the server, one after another, until one of them answers.
async fn attempt(
    target: &EmailTarget,
    message: Message,
    allow_private: bool,
) -> Result<u16, MailError> {
    let addresses = guard::addresses(&target.host, target.port, allow_private);
    let mut addresses = addresses.await.map_err(MailError::Address)?.into_iter().peekable();
    loop {
        let Some(address) = addresses.next() else {
            return Err(MailError::Address(io::ErrorKind::NotFound.into()));
        };
        let server = server(target, address).map_err(MailError::Smtp)?;
        match server.send(message.clone()).await {
            Ok(response) => return Ok(response.code().into()),
            Err(error) if error.status().is_some() || addresses.peek().is_none() => {
                return Err(MailError::Smtp(error));
            }
            Err(_) => {}
        }
    }
}

/// The server at an address that its name resolved to; certificates are checked against the name.
fn server(
    target: &EmailTarget,
    address: SocketAddr,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let parameters = || parameters(target);
    let tls = match target.tls {
        MailTls::StartTls => Tls::Required(parameters()?),
        MailTls::Tls => Tls::Wrapper(parameters()?),
        MailTls::None => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(target.port)
        .tls(tls)
        .timeout(Some(Duration::from_millis(SEND_TIMEOUT_MS)));
    let builder = match &target.login {
        Some((user, password)) => {
            builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()))
        }
        None => builder,
    };
    Ok(builder.build())
}

/// How the server's certificate is checked.
fn parameters(target: &EmailTarget) -> Result<TlsParameters, smtp::Error> {
    let builder = TlsParameters::builder(target.host.clone());
    let builder = match &target.ca {
        Some(ca) => builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(ca.expose().as_bytes())?),
        None => builder,
    };
    builder.build()
}

/// What is written in a mail.
pub(in crate::deliver) struct Mail {
    pub(in crate::deliver) subject: String,
    message_id: String,
    /// The thread: the same for all mails about an alert.
    references: String,
    pub(in crate::deliver) text: String,
    pub(in crate::deliver) html: Option<String>,
}

impl Mail {
    pub(in crate::deliver) fn new(
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Self {
        let rendered = RenderedMessage::new(delivery, templates, now);
        let mark = match delivery.action {
            Action::Resolve => "OK",
            _ => delivery.alert.severity.as_str(),
        };
        let subject = format!("[{mark}] {}", rendered.subject());
        Self {
            subject: subject.chars().take(EMAIL_SUBJECT_CHARS_MAX).collect(),
            message_id: format!("<{}@plimsoll>", delivery.id),
            references: format!("<{}@plimsoll>", delivery.alert.id),
            text: body(delivery, templates, now),
            html: html(delivery, templates, now),
        }
    }

    /// The headers of the mail to a target.
    pub(in crate::deliver) fn headers(&self, target: &EmailTarget) -> Vec<(&'static str, String)> {
        vec![
            ("From", target.from.clone()),
            ("To", target.to.join(", ")),
            ("Subject", self.subject.clone()),
            ("Message-ID", self.message_id.clone()),
            ("References", self.references.clone()),
        ]
    }
}

/// Builds the mail.
fn message(
    target: &EmailTarget,
    delivery: &Delivery,
    templates: &MessageTemplates,
    now: TimestampMs,
) -> Result<Message, String> {
    let Mail { subject, message_id, references, text, html } = Mail::new(delivery, templates, now);
    let now_ms = Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    let address = |text: &String| {
        text.parse::<lettre::message::Mailbox>()
            .map_err(|error| format!("the address {text}: {error}"))
    };
    let builder = Message::builder()
        .from(address(&target.from)?)
        .subject(subject)
        .date(SystemTime::UNIX_EPOCH + now_ms)
        .message_id(Some(message_id))
        .references(references);
    let builder = target
        .to
        .iter()
        .try_fold(builder, |builder, to| Ok::<_, String>(builder.to(address(to)?)))?;
    let built = match html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
        None => builder.header(ContentType::TEXT_PLAIN).body(text),
    };
    built.map_err(|error| format!("no mail can be made of it: {error}"))
}

/// The body as HTML; `None` for a notice, and for a receiver with a template of its own, which is text.
fn html(delivery: &Delivery, templates: &MessageTemplates, now: TimestampMs) -> Option<String> {
    if templates.body.is_some() || delivery.alert.is_notice() {
        return None;
    }
    let body = |delivery: &Delivery| {
        RenderedMessage::escaped(delivery, templates, now, &escaped).body(HTML)
    };
    Some(fit::fitting(delivery, body, |body| body.len() <= EMAIL_BODY_BYTES_MAX))
}

/// Text within HTML, also within an attribute.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

pub(super) fn body(delivery: &Delivery, templates: &MessageTemplates, now: TimestampMs) -> String {
    fit::fitting(
        delivery,
        |delivery| RenderedMessage::new(delivery, templates, now).body(BODY),
        |body| body.len() <= EMAIL_BODY_BYTES_MAX,
    )
}

/// The result of an SMTP error: 5xx is final, 4xx and everything without an answer is tried again.
fn classify(error: &smtp::Error) -> AttemptResult {
    let reason = error_text(error);
    let outcome = if error.is_permanent() {
        AttemptOutcome::Rejected { reason }
    } else {
        AttemptOutcome::failed(reason)
    };
    AttemptResult::new(outcome, error.status().map(u16::from))
}

/// The error with all its causes.
fn error_text(error: &smtp::Error) -> String {
    use std::error::Error as _;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
