//! E-mail to a small SMTP server on the loopback interface.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use plimsoll_alerting::DeliveryState;
use plimsoll_alerting::rule::{EmailTarget, MailTls, Target};
use plimsoll_alerting::{DeadReason, RuleSet};

use super::{evaluate, failing, in_state, until_delivered};
use crate::world::{partner_5xx, rules, until};

/// A mail server.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// A server without TLS. `answers` are given to the first `RCPT TO`s; then all are accepted.
    fn start(answers: &'static [&'static str]) -> Self {
        let answers = Mutex::new(answers.iter());
        Self::serving(move |stream, mails| {
            let next = || answers.lock().unwrap().next().copied();
            converse(&mut BufReader::new(stream), mails, true, &next);
        })
    }

    /// A server that serves each connection with `serve` on its own thread.
    pub(crate) fn serving(
        serve: impl Fn(TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let (kept, serve) = (Arc::clone(&mails), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, serve) = (Arc::clone(&kept), Arc::clone(&serve));
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { port, mails }
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

/// Writes a line; returns whether the connection is still open.
pub(crate) fn write_line(stream: &mut impl Write, line: &str) -> bool {
    stream.write_all(format!("{line}\r\n").as_bytes()).is_ok() && stream.flush().is_ok()
}

/// Receives mails over a connection until it ends. `next` may replace the answer 250 to a `RCPT TO`.
pub(crate) fn converse<S: Read + Write>(
    stream: &mut BufReader<S>,
    mails: &Mutex<Vec<String>>,
    greets: bool,
    next: &dyn Fn() -> Option<&'static str>,
) {
    if greets && !write_line(stream.get_mut(), "220 mail.example ESMTP") {
        return;
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let verb = line.split([' ', '\r']).next().unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250 mail.example",
            "RCPT" => next().unwrap_or("250 OK"),
            "DATA" => "354 Go on",
            "QUIT" => "221 Bye",
            _ => "250 OK",
        };
        if !write_line(stream.get_mut(), answer) || verb == "QUIT" {
            return;
        }
        if verb == "DATA" {
            let mut mail = String::new();
            while !mail.ends_with("\r\n.\r\n") && stream.read_line(&mut mail).unwrap_or(0) > 0 {}
            mails.lock().unwrap().push(mail);
            write_line(stream.get_mut(), "250 Queued");
        }
    }
}

fn mailing(port: u16) -> RuleSet {
    let mut set = rules("127.0.0.1:9", &partner_5xx("[hub]"));
    set.receivers[1].target = Target::Email(EmailTarget {
        host: "127.0.0.1".into(),
        port,
        tls: MailTls::None,
        ca: None,
        login: None,
        from: "Plimsoll <plimsoll@example.org>".into(),
        to: vec!["ops@example.org".into()],
    });
    set
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trigger_and_resolve_arrive_as_mails_of_one_thread() {
    // 450 is retried.
    let server = MailServer::start(&["450 Mailbox busy"]);
    let rules = mailing(server.port);
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("the first mail", || {
        world.set_now(world.now().plus_ms(500));
        running.waker.wake();
        server.mails().len() == 1
    })
    .await;
    evaluate(&world, &rules, 30);
    running.waker.wake();
    until_delivered(&world).await;
    running.stop().await;
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert!(
        mails[0].contains(
            "Subject: [critical] dhl: 5xx on 50% of requests (60 of 120 in 1m, limit 20%)"
        ),
        "{}",
        mails[0]
    );
    assert!(mails[1].contains("Subject: [OK] dhl:"), "{}", mails[1]);
    let thread =
        |mail: &str| mail.lines().find(|line| line.starts_with("References:")).map(str::to_owned);
    assert!(thread(&mails[0]).is_some());
    assert_eq!(thread(&mails[0]), thread(&mails[1]));
    let first = &in_state(&world, "delivered")[1];
    let statuses: Vec<_> = first.log.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(450), Some(250)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_to_an_unknown_recipient_is_not_retried() {
    let server = MailServer::start(&["550 No such user"]);
    let rules = mailing(server.port);
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until_delivered(&world).await;
    running.stop().await;
    let [dead] = &in_state(&world, "dead")[..] else { panic!("one dead letter") };
    assert_eq!(dead.state, DeliveryState::Dead(DeadReason::Refused));
    assert!(dead.detail.as_deref().unwrap_or_default().contains("No such user"), "{dead:?}");
    assert_eq!(dead.log[0].status, Some(550));
    assert!(server.mails().is_empty());
}
