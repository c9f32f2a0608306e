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
        open.contains("Subject: [critical] dhl: 5xx and timeouts on 12.5% of requests (320 items"),
        "{open}"
    );
    assert!(open.contains("Date: Fri, 20 Nov 2026 20:05:00 +0000"), "{open}");
    assert!(ended.contains("Subject: [OK] dhl: 5xx and timeouts on requests back to normal"));
    let thread = format!("References: <{}@plimsoll>", alert().id);
    assert!(open.contains(&thread) && ended.contains(&thread), "{open}");
    let id =
        |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
    assert_ne!(id(&open), id(&ended));
    assert!(open.contains("ops@example.org") && open.contains("lead@example.org"));
}

#[test]
fn the_html_form_is_escaped_and_left_out_for_a_template_of_the_receiver() {
    let at = alert().fired_at;
    let mut delivery = delivery_of(Action::Trigger, at, alert());
    delivery.content.exemplars = vec!["order_id <img src=x onerror=alert(1)> & \"O-1\"".into()];
    delivery.content.links.dashboard = "https://p.example/?a=1&b=\"".into();
    delivery.content.trend.spark = "▁·█".into();
    let page = html(&delivery, &MessageTemplates::default(), at).unwrap();
    assert!(page.contains("order_id &lt;img src=x onerror=alert(1)&gt; &amp; &quot;O-1&quot;"));
    assert!(page.contains("href=\"https://p.example/?a=1&amp;b=&quot;\""), "{page}");
    assert!(page.contains("height:5px") && page.contains("height:40px"), "{page}");
    let templates = MessageTemplates { summary: None, body: Some("{{ summary }}".into()) };
    assert_eq!(html(&delivery, &templates, at), None);
    let mail = message(&target(), &delivery, &MessageTemplates::default(), at).unwrap();
    let mail = String::from_utf8(mail.formatted()).unwrap();
    assert!(mail.contains("multipart/alternative") && mail.contains("text/html"), "{mail}");
}
