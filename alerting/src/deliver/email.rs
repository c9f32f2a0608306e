//! E-mail over SMTP. Mails about one alert refer to one another, so that they lie together.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use plimsoll_storage::TimestampMs;

use super::guard;
use super::send::Sent;
use super::template::{self, Saying};
use super::verdict::Verdict;
use crate::limits::SEND_TIMEOUT_MS;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MailTls, Mailbox, MessageTemplates};

/// Characters of a mail's subject.
const EMAIL_SUBJECT_CHARS_MAX: usize = 200;

/// Sends a delivery as one mail to all addressees.
pub(super) async fn send(
    mailbox: &Mailbox,
    delivery: &Delivery,
    texts: &MessageTemplates,
    now: TimestampMs,
    allow_private: bool,
) -> Sent {
    let message = match message(mailbox, delivery, texts, now) {
        Ok(message) => message,
        Err(reason) => return Sent { verdict: Verdict::Refused { reason }, status: None },
    };
    let failed =
        |reason| Sent { verdict: Verdict::Failed { after_ms: None, reason }, status: None };
    let sending = attempt(mailbox, message, allow_private);
    match tokio::time::timeout(Duration::from_millis(SEND_TIMEOUT_MS), sending).await {
        Ok(Ok(status)) => Sent { verdict: Verdict::Delivered, status: Some(status) },
        Ok(Err(Failure::Way(error))) => failed(format!("the mail server's address: {error}")),
        Ok(Err(Failure::Smtp(error))) => classify(&error),
        Err(_) => failed("the mail server did not answer in time".to_owned()),
    }
}

enum Failure {
    /// There is no address to connect to.
    Way(io::Error),
    Smtp(smtp::Error),
}

/// Tries the addresses of the server, one after another, until one of them answers.
async fn attempt(mailbox: &Mailbox, message: Message, allow_private: bool) -> Result<u16, Failure> {
    let addresses = guard::addresses(&mailbox.host, mailbox.port, allow_private);
    let mut addresses = addresses.await.map_err(Failure::Way)?.into_iter().peekable();
    loop {
        let Some(address) = addresses.next() else {
            return Err(Failure::Way(io::ErrorKind::NotFound.into()));
        };
        let server = server(mailbox, address).map_err(Failure::Smtp)?;
        match server.send(message.clone()).await {
            Ok(response) => return Ok(response.code().into()),
            Err(error) if error.status().is_some() || addresses.peek().is_none() => {
                return Err(Failure::Smtp(error));
            }
            Err(_) => {}
        }
    }
}

/// The server at an address that its name leads to; certificates are held against the name.
fn server(
    mailbox: &Mailbox,
    address: SocketAddr,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let parameters = || parameters(mailbox);
    let tls = match mailbox.tls {
        MailTls::StartTls => Tls::Required(parameters()?),
        MailTls::Tls => Tls::Wrapper(parameters()?),
        MailTls::None => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(mailbox.port)
        .tls(tls)
        .timeout(Some(Duration::from_millis(SEND_TIMEOUT_MS)));
    let builder = match &mailbox.login {
        Some((user, password)) => {
            builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()))
        }
        None => builder,
    };
    Ok(builder.build())
}

/// What the server's certificate is held against.
fn parameters(mailbox: &Mailbox) -> Result<TlsParameters, smtp::Error> {
    let builder = TlsParameters::builder(mailbox.host.clone());
    let builder = match &mailbox.ca {
        Some(ca) => builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(ca.expose().as_bytes())?),
        None => builder,
    };
    builder.build()
}

/// The mail. The error is in words.
fn message(
    mailbox: &Mailbox,
    delivery: &Delivery,
    texts: &MessageTemplates,
    now: TimestampMs,
) -> Result<Message, String> {
    let saying = Saying::new(delivery, texts, now);
    let mark = match delivery.action {
        Action::Resolve => "OK",
        _ => delivery.alert.severity.as_str(),
    };
    let subject: String =
        format!("[{mark}] {}", saying.summary()).chars().take(EMAIL_SUBJECT_CHARS_MAX).collect();
    let now_ms = Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    let address = |text: &String| {
        text.parse::<lettre::message::Mailbox>()
            .map_err(|error| format!("the address {text}: {error}"))
    };
    let builder = Message::builder()
        .from(address(&mailbox.from)?)
        .subject(subject)
        .date(SystemTime::UNIX_EPOCH + now_ms)
        .message_id(Some(format!("<{}@plimsoll>", delivery.id)))
        .references(format!("<{}@plimsoll>", delivery.alert.id))
        .header(ContentType::TEXT_PLAIN);
    let builder = mailbox
        .to
        .iter()
        .try_fold(builder, |builder, to| Ok::<_, String>(builder.to(address(to)?)))?;
    builder
        .body(template::email(delivery, texts, now))
        .map_err(|error| format!("no mail can be made of it: {error}"))
}

/// What an error means: 5xx is final, 4xx and everything without an answer is tried again.
fn classify(error: &smtp::Error) -> Sent {
    let reason = words(error);
    let verdict = if error.is_permanent() {
        Verdict::Refused { reason }
    } else {
        Verdict::Failed { after_ms: None, reason }
    };
    Sent { verdict, status: error.status().map(u16::from) }
}

/// The whole chain of causes.
fn words(error: &smtp::Error) -> String {
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
