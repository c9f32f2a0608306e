use super::*;
use crate::rule::{GoogleChatTarget, Secret, TelegramTarget};

#[test]
fn a_secret_address_is_hidden_whole_and_in_its_parts() {
    let url = "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=AIzaSyD-0123456789&token=abcdefghijklmnopq%3D";
    let target = Target::GoogleChat(GoogleChatTarget { url: Secret::new(url) });
    let answer = format!(
        "no route {url}; /v1/spaces/AAAA/messages?key=AIzaSyD-0123456789, token abcdefghijklmnopq= or abcdefghijklmnopq%3D"
    );
    let shown = redact(answer, &target);
    assert!(!shown.contains("AIza") && !shown.contains("abcdef"), "{shown}");
    assert!(shown.starts_with("no route ***; /v1/spaces/AAAA/messages?key=***"), "{shown}");
}

#[test]
fn a_token_within_an_address_is_hidden() {
    let token = "123456789:AAabcdefghijklmnopqrstuvwxyz_-01234";
    let (url, chat) = ("https://api.telegram.org".to_owned(), "1".to_owned());
    let target = TelegramTarget { url, token: Secret::new(token), chat };
    let answer = format!("error for https://api.telegram.org/bot{token}/sendMessage");
    let shown = redact(answer, &Target::Telegram(target));
    assert_eq!(shown, "error for https://api.telegram.org/bot***/sendMessage");
}
