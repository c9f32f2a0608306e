use std::path::Path;

use crate::rule::{Receiver, RuleSet};

/// The receiver with these settings, or what is wrong with them.
fn receiver(settings: &str) -> Result<Receiver, String> {
    let file = format!("receivers:\n  - name: r\n    {settings}\nrules: []\n");
    let rules = RuleSet::parse(&file, &|_| None, Path::new("."));
    rules.map(|rules| rules.receivers[0].clone()).map_err(|error| error.to_string())
}

fn url(kind: &str, url: &str) -> Result<Receiver, String> {
    receiver(&format!("{kind}: {{ url: '{url}' }}"))
}

const SIG: &str = "api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=l0lFm8uGc6kFwT73IzDPQBdNut4ZWgNsaXHosdDEh18";
const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz_-01234";

#[test]
fn the_addresses_that_services_show_are_accepted() {
    let workflow = "triggers/manual/paths/invoke";
    let power = "https://default64661b.a7.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/c3181d";
    for (kind, address) in [
        (
            "teams",
            format!("https://prod-28.westus.logic.azure.com:443/workflows/0a1c/{workflow}?{SIG}"),
        ),
        ("teams", format!("{power}/{workflow}?{SIG}")),
        (
            "google_chat",
            "https://chat.googleapis.com/v1/spaces/AAQA/messages?key=AIza&token=x%3D".into(),
        ),
        ("discord", "https://discord.com/api/webhooks/123456789012345678/abc-DEF_".into()),
        ("discord", "https://discordapp.com/api/v10/webhooks/1/x?thread_id=3".into()),
        ("mattermost", "https://chat.example/hooks/abcdefghijklmnopqrstuvwxyz".into()),
        ("mattermost", "http://mm.internal:8065/sub/hooks/0123456789abcdefghijklmnop".into()),
        // A stand-in for the service.
        ("teams", "http://127.0.0.1:4000/teams".into()),
        ("google_chat", "http://localhost:4000/g".into()),
        ("discord", "http://[::1]:4000/".into()),
        ("mattermost", "http://10.0.0.5:8065/hooks/x".into()),
    ] {
        let found = url(kind, &address);
        assert_eq!(found.map(|it| it.target.kind()), Ok(kind), "{address}");
    }
}

#[test]
fn an_address_that_cannot_work_is_rejected_without_showing_it() {
    let table = [
        (
            "teams",
            "https://acme.webhook.office.com/webhookb2/secret-part",
            "connectors of Office 365 no longer exist",
        ),
        (
            "teams",
            "https://hooks.slack.com/services/T/B/secret-part",
            "it is not a host of workflows",
        ),
        ("teams", "https://x.logic.azure.com/workflows/secret-part", "not the path of a workflow"),
        (
            "teams",
            "https://x.logic.azure.com/workflows/secret-part/triggers/manual/paths/invoke?api-version=1",
            "it has no signature `sig`",
        ),
        (
            "google_chat",
            "https://chat.google.com/v1/spaces/A/messages?key=secret-part&token=t",
            "not the host",
        ),
        ("google_chat", "https://chat.googleapis.com/v1/spaces/secret-part", "not the path"),
        (
            "google_chat",
            "https://chat.googleapis.com/v1/spaces/A/messages?key=secret-part&token=",
            "lacks `key` or `token`",
        ),
        (
            "google_chat",
            "http://chat.googleapis.com/v1/spaces/A/messages?key=secret-part&token=t",
            "over https only",
        ),
        (
            "discord",
            "https://discord.com/api/webhooks/123/secret-part/slack",
            "messages of another program",
        ),
        ("discord", "https://discord.com/channels/1/secret-part", "not that of a webhook"),
        ("discord", "https://discord.com/api/webhooks/123", "not that of a webhook"),
        ("discord", "https://discord.com/api/webhooks/1/secret-part#x", "is never sent"),
        (
            "discord",
            "https://discord.com.evil.example/api/webhooks/1/secret-part",
            "not a host of Discord",
        ),
        ("mattermost", "https://chat.example/hooks/secret-part", "has 26 small letters and digits"),
        ("mattermost", "https://chat.example/secret-part", "not the path of an incoming webhook"),
    ];
    for (kind, address, expected) in table {
        let error = url(kind, address).unwrap_err();
        assert!(error.contains(expected), "{address}: {error}");
        assert!(!error.contains("secret-part"), "{error}");
    }
    for kind in ["teams", "google_chat", "discord", "mattermost"] {
        let error = receiver(&format!("{kind}: {{}}")).unwrap_err();
        assert!(error.contains("field `url`: is missing; add the"), "{error}");
    }
}

#[test]
fn a_bot_of_telegram_has_a_token_and_a_chat() {
    for chat in ["-1001234567890", "'-1001234567890'", "123", "'@alerts_of_us'"] {
        let found = receiver(&format!("telegram: {{ token: '{TOKEN}', chat: {chat} }}"));
        assert_eq!(found.map(|it| it.target.kind()), Ok("telegram"), "{chat}");
    }
    for (settings, expected) in [
        (format!("token: '{TOKEN}'"), "field `chat`: is missing"),
        ("chat: 1".into(), "field `token`: is missing"),
        (format!("token: 'bot{TOKEN}', chat: 1"), "is not a token of a bot"),
        (format!("token: '{TOKEN}x', chat: 1"), "is not a token of a bot"),
        (format!("token: '{TOKEN}', chat: alerts"), "is not a chat; write its number"),
        (format!("token: '{TOKEN}', chat: '@a b'"), "is not a chat"),
        (format!("token: '{TOKEN}', chat: '0'"), "is not a chat"),
        (format!("token: '{TOKEN}', chat: 'https://t.me/alerts'"), "is not a chat"),
        (
            format!("token: '{TOKEN}', chat: 1, url: 'https://t.example/botx/sendMessage'"),
            "path of the API",
        ),
    ] {
        let error = receiver(&format!("telegram: {{ {settings} }}")).unwrap_err();
        assert!(error.contains(expected), "{settings}: {error}");
        assert!(!error.contains(&TOKEN[12..]), "{error}");
    }
}

#[test]
fn opsgenie_has_a_key() {
    let key = "eb243592-faa2-4ba2-a551-1afdf565c889";
    for settings in [
        format!("api_key: '{key}'"),
        format!("api_key: '{key}', url: 'https://api.eu.opsgenie.com'"),
        "api_key: other, url: 'https://api.atlassian.com/jsm/ops/integration'".into(),
    ] {
        let found = receiver(&format!("opsgenie: {{ {settings} }}"));
        assert_eq!(found.map(|it| it.target.kind()), Ok("opsgenie"), "{settings}");
    }
    for (settings, expected) in [
        ("", "field `api_key`: is missing"),
        ("api_key: 'eb243592-faa2-4ba2-a551q-1afdf565c889'", "is not a key of Opsgenie"),
        ("api_key: k, url: 'https://api.opsgenie.com/v2/alerts'", "path of the API"),
    ] {
        let error = receiver(&format!("opsgenie: {{ {settings} }}")).unwrap_err();
        assert!(error.contains(expected), "{settings}: {error}");
    }
}

#[test]
fn no_secret_of_a_chat_is_shown_or_stored() {
    let found = receiver(&format!("telegram: {{ token: '{TOKEN}', chat: 1 }}")).unwrap();
    assert!(!format!("{found:?}").contains(&TOKEN[12..]), "{found:?}");
    assert_eq!(found.target.secrets().len(), 1);
    assert_eq!(found.fingerprint().len(), 32);
}
