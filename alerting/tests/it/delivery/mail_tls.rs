//! E-mail over TLS to a mail server on the loopback interface, with a certificate of an authority that the
//! rules file names. The files in `tls/` are good until 2120 and for nothing else.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_alerting::RuleSet;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::mail::{MailServer, converse, write_line};
use super::{evaluate, failing, in_state, until_delivered};
use crate::world::{partner_5xx, until};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

/// A server's side of TLS with one of the certificates.
fn config(certificate: &str) -> Arc<ServerConfig> {
    let path = file(certificate);
    let chain = CertificateDer::pem_file_iter(&path).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(&path).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// A mail server that accepts mails over TLS only: from the first byte, or after `STARTTLS`.
fn server(certificate: &str, is_implicit: bool) -> MailServer {
    let config = config(certificate);
    MailServer::serving(move |stream, mails| {
        let mut stream = stream;
        if !is_implicit && !starts_tls(&mut stream) {
            return;
        }
        let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
        let mut secret = BufReader::new(StreamOwned::new(connection, stream));
        converse(&mut secret, mails, is_implicit, &|| None);
    })
}

/// The exchange before TLS: greeting, `EHLO`, `STARTTLS`.
fn starts_tls(stream: &mut TcpStream) -> bool {
    let mut lines = std::io::BufRead::lines(BufReader::new(stream.try_clone().unwrap()));
    let mut next = || lines.next().and_then(Result::ok).unwrap_or_default();
    write_line(stream, "220 mail.example ESMTP")
        && next().starts_with("EHLO")
        && write_line(stream, "250-mail.example\r\n250 STARTTLS")
        && next().starts_with("STARTTLS")
        && write_line(stream, "220 Go on")
        && stream.flush().is_ok()
}

/// Rules that mail to a port, with TLS and the authority that is trusted, if it is not the system's.
fn mailing(port: u16, tls: &str, ca: Option<&str>) -> RuleSet {
    let ca = ca.map(|name| format!(", ca: {name}")).unwrap_or_default();
    let text = format!(
        "receivers:\n  - name: hub\n    email: {{ host: 127.0.0.1, port: {port}, tls: {tls}, from: plimsoll@example.org, to: [ops@example.org]{ca} }}\n{}",
        partner_5xx("[hub]")
    );
    RuleSet::parse(&text, &|_| None, &file("")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_arrives_over_both_kinds_of_tls_with_the_configured_authority() {
    for (tls, is_implicit) in [("starttls", false), ("tls", true)] {
        let server = server("server.pem", is_implicit);
        let rules = mailing(server.port, tls, Some("ca.pem"));
        let world = failing();
        evaluate(&world, &rules, 3);
        let running = world.notifier(&rules);
        until_delivered(&world).await;
        running.stop().await;
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{tls}");
        assert!(mails[0].contains("Subject: [critical] dhl:"), "{tls}: {}", mails[0]);
        let delivered = &in_state(&world, "delivered")[0];
        assert_eq!(delivered.log[0].status, Some(250), "{tls}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_certificate_is_rejected_and_nothing_is_sent() {
    for (certificate, ca, tls, part) in [
        ("server.pem", None, "starttls", "UnknownIssuer"),
        ("server.pem", None, "tls", "UnknownIssuer"),
        ("server.pem", Some("other-ca.pem"), "starttls", "UnknownIssuer"),
        ("elsewhere.pem", Some("ca.pem"), "tls", "not valid for name"),
    ] {
        let case = format!("{certificate} {ca:?} {tls}");
        let server = server(certificate, tls == "tls");
        let rules = mailing(server.port, tls, ca);
        let world = failing();
        evaluate(&world, &rules, 3);
        let running = world.notifier(&rules);
        let log = || in_state(&world, "waiting").first().map(|it| it.log.clone());
        until("an attempt", || log().is_some_and(|log| !log.is_empty())).await;
        running.stop().await;
        let attempt = log().unwrap().remove(0);
        let error = attempt.error.unwrap_or_default();
        assert!(error.contains("certificate") && error.contains(part), "{case}: {error}");
        assert_eq!(attempt.status, None, "{case}");
        assert!(server.mails().is_empty(), "{case}");
    }
}

#[test]
fn a_file_without_a_certificate_is_rejected_by_name() {
    let text = |ca: &str, tls: &str| {
        format!(
            "receivers:\n  - name: ops\n    email:\n      host: mail.example\n      tls: {tls}\n      from: a@example.org\n      to: [b@example.org]\n      ca: {ca}\n"
        )
    };
    let error = |ca, tls| {
        let error = RuleSet::parse(&text(ca, tls), &|_| None, &file("")).unwrap_err();
        error.to_string()
    };
    let missing = error("gone.pem", "tls");
    assert!(missing.contains("line 8") && missing.contains("gone.pem"), "{missing}");
    let empty = error("../main.rs", "tls");
    assert!(empty.contains("holds no certificate"), "{empty}");
    let useless = error("ca.pem", "none");
    assert!(useless.contains("`tls: none`"), "{useless}");
}
