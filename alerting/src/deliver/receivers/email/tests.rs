use super::*;
use crate::testing::{alert, delivery_of};

fn target() -> EmailTarget {
    EmailTarget {
        host: "smtp.example".into(),
        port: 587,
        tls: MailTls::StartTls,
        ca: None,
        login: None,
        from: "Plimsoll <plimsoll@example.org>".into(),
        to: vec!["ops@example.org".into(), "lead@example.org".into()],
    }
}

#[test]
fn a_mail_has_the_alert_in_its_subject_and_refers_to_its_thread() {
    let at = alert().fired_at;
    let mail = |action| {
        let delivery = delivery_of(action, at, alert());
        String::from_utf8(
            message(&target(), &delivery, &MessageTemplates::default(), at).unwrap().formatted(),
        )
        .unwrap()
    };
    let (open, ended) = (mail(Action::Trigger), mail(Action::Resolve));
    assert!(
        open.contains("Subject: [critical] dhl: 5xx+timeout share of requests 12.5% > 5%"),
        "{open}"
    );
    assert!(open.contains("Date: Fri, 20 Nov 2026 20:05:00 +0000"), "{open}");
    assert!(ended.contains("Subject: [OK] dhl: 5xx+timeout share of requests is back to normal"));
    let thread = format!("References: <{}@plimsoll>", alert().id);
    assert!(open.contains(&thread) && ended.contains(&thread), "{open}");
    let id =
        |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
    assert_ne!(id(&open), id(&ended));
    assert!(open.contains("ops@example.org") && open.contains("lead@example.org"));
}
