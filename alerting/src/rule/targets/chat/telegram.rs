//! Telegram in the rules file.

use std::fmt;

use bincode::{Decode, Encode};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_saphyr::Spanned;

use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::targets::address::base_url_of;
use crate::rule::targets::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Base address of the Bot API unless the file says otherwise.
const TELEGRAM_URL: &str = "https://api.telegram.org";
/// The domain of Telegram itself.
const DOMAIN: &str = "telegram.org";
/// How a token is wrong.
const NOT_A_TOKEN: &str = "a token of a bot, such as 123456789:AA… with 35 characters behind the colon; \
                           copy it from @BotFather";
/// How a chat is wrong.
const NOT_A_CHAT: &str = "a chat; write its number, such as \"-1001234567890\", or the name of a public channel, such as \"@alerts\"";
/// Characters of a token behind the id of its bot.
const TOKEN_LEN: usize = 35;
/// Lengths of the name of a channel.
const CHANNEL_LEN: std::ops::RangeInclusive<usize> = 4..=32;

/// A chat that a bot of Telegram writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct TelegramTarget<S = Secret> {
    /// Base address of the Bot API.
    pub url: String,
    /// The token of the bot.
    pub token: S,
    /// The number of the chat, or the name of a public channel.
    pub chat: String,
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule::targets) struct RawTelegram {
    token: Option<SecretSource>,
    chat: Option<Spanned<RawChat>>,
    url: Option<Spanned<String>>,
}

/// A chat, which is a number or a name.
#[derive(Debug)]
struct RawChat(String);

impl RawTelegram {
    pub(in crate::rule::targets) fn check(
        self,
        entry: &Entry,
        secrets: &Secrets<'_>,
    ) -> Checked<CheckedTarget> {
        let missing = |field, remedy| entry.error(field, RuleProblem::Missing(remedy));
        let source = self.token;
        let source = source.ok_or_else(|| missing("token", "the token of the bot, as a secret"))?;
        let token = secrets.resolve(entry, "token", &source)?;
        if !is_token(token.expose()) {
            return Err(entry.error("token", RuleProblem::NotA(NOT_A_TOKEN)));
        }
        let chat = self.chat.ok_or_else(|| missing("chat", "the number of the chat"))?;
        if !is_chat(&chat.value.0) {
            return Err(entry.error_at(chat.referenced, "chat", RuleProblem::NotA(NOT_A_CHAT)));
        }
        let url = match self.url {
            Some(text) => {
                entry.parsed("url", &text, |text| base_url_of(text, "/sendMessage", DOMAIN))?
            }
            None => TELEGRAM_URL.to_owned(),
        };
        Ok(Target::Telegram(TelegramTarget { url, token, chat: chat.value.0 }).into())
    }
}

/// The form of a token, which is also a part of an address.
fn is_token(text: &str) -> bool {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.split_once(':').is_some_and(|(bot, key)| {
        !bot.is_empty()
            && bot.bytes().all(|byte| byte.is_ascii_digit())
            && key.len() == TOKEN_LEN
            && key.bytes().all(is_key)
    })
}

fn is_chat(text: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match text.strip_prefix('@') {
        Some(name) => CHANNEL_LEN.contains(&name.len()) && name.bytes().all(is_name),
        None => text.parse::<i64>().is_ok_and(|chat| chat != 0 && chat.to_string() == text),
    }
}

impl<'de> Deserialize<'de> for RawChat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChatVisitor)
    }
}

struct ChatVisitor;

impl Visitor<'_> for ChatVisitor {
    type Value = RawChat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of a chat, or the name of a public channel in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RawChat, E> {
        Ok(RawChat(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, chat: i64) -> Result<RawChat, E> {
        Ok(RawChat(chat.to_string()))
    }

    fn visit_u64<E: de::Error>(self, chat: u64) -> Result<RawChat, E> {
        Ok(RawChat(chat.to_string()))
    }
}

impl<S> TelegramTarget<S> {
    pub(in crate::rule::targets) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<TelegramTarget<T>> {
        let (url, chat) = (self.url.clone(), self.chat.clone());
        Some(TelegramTarget { url, token: replace(&self.token)?, chat })
    }
}

impl TargetKind for TelegramTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(&self.url)
    }

    /// Without the token: another bot of the same chat notifies the same people.
    fn identity(&self) -> Vec<String> {
        vec![self.url.clone(), self.chat.clone()]
    }

    /// Telegram accepts twenty messages a minute in a group.
    fn rate(&self) -> RateLimit {
        RateLimit { calls: 20, per_ms: 60_000 }
    }

    fn takes_updates(&self) -> bool {
        false
    }
}
