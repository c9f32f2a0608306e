//! Targets: where the receivers of each kind are reached, one file a kind with its entry in the rules file
//! and its checks. How a kind is sent to is in `deliver/receivers/`.

mod address;
mod alertmanager;
mod chat;
mod email;
mod opsgenie;
mod pagerduty;
mod slack;
mod webhook;

use bincode::{Decode, Encode};
use serde::Deserialize;
use serde_saphyr::Spanned;
use sha2::{Digest as _, Sha256};

use self::alertmanager::RawAlertmanager;
use self::chat::{RawDiscord, RawGoogleChat, RawMattermost, RawTeams, RawTelegram};
use self::email::RawEmail;
use self::opsgenie::RawOpsgenie;
use self::pagerduty::RawPagerDuty;
use self::slack::RawSlack;
use self::webhook::RawWebhook;
use crate::hex::hex;
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawNext, RawRate, RawTexts};
use crate::rule::types::{RateLimit, Secret};

pub use self::alertmanager::AlertmanagerTarget;
pub use self::chat::{
    DiscordTarget, GoogleChatTarget, MattermostTarget, TeamsTarget, TelegramTarget,
};
pub use self::email::{EmailTarget, MailTls};
pub use self::opsgenie::OpsgenieTarget;
pub use self::pagerduty::{PAGERDUTY_URL, PagerDutyTarget};
pub use self::slack::{SlackBotTarget, SlackTarget};
pub use self::webhook::WebhookTarget;
pub(crate) use self::webhook::webhook_key;

/// Registers the kinds: for each its name in the rules file, its variant, its type and its entry. A variant
/// without an entry is another form of the kind of that name.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $kind:ident($target:ty $(, $raw:ty)?),)*) => {
        /// The address of a receiver and its credentials. `S` is what holds a secret: [`Secret`], or its
        /// origin where a target is stored. Variants are on disk: never reorder.
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
        pub enum Target<S = Secret> {
            $($(#[$doc])* $kind($target),)*
        }

        /// The names of all kinds in the rules file.
        const KINDS: &[&str] = &[$($({
            type _Entry = $raw;
            stringify!($name)
        },)?)*];

        impl Target {
            /// The name of the kind in the rules file.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($name),)*
                }
            }

            fn settings(&self) -> &dyn TargetKind {
                match self {
                    $(Self::$kind(target) => target,)*
                }
            }
        }

        impl<S> Target<S> {
            /// The target with each secret replaced; `None` when one of them has no replacement.
            pub(crate) fn map_secrets<T>(
                &self,
                replace: &mut dyn FnMut(&S) -> Option<T>,
            ) -> Option<Target<T>> {
                Some(match self {
                    $(Self::$kind(target) => Target::$kind(target.map_secrets(replace)?),)*
                })
            }
        }

        /// A receiver of the rules file.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(in crate::rule) struct RawReceiver {
            pub(in crate::rule) name: Spanned<String>,
            $($($name: Option<$raw>,)?)*
            pub(in crate::rule) rate: Option<RawRate>,
            pub(in crate::rule) give_up_after: Option<Spanned<String>>,
            pub(in crate::rule) fail_over: Option<RawNext>,
            pub(in crate::rule) escalate: Option<RawNext>,
            pub(in crate::rule) text: Option<RawTexts>,
        }

        impl RawReceiver {
            /// Checks the target, of which there must be exactly one.
            pub(in crate::rule) fn take_target(
                &mut self,
                entry: &Entry,
                secrets: &Secrets<'_>,
            ) -> Checked<CheckedTarget> {
                let targets =
                    [$($(self.$name.take().map(|raw: $raw| raw.check(entry, secrets)),)?)*];
                only(entry, targets)?
            }

            /// An empty target of its kind: what a replay knows of it. A receiver may be a name alone there.
            pub(in crate::rule) fn take_kind(&mut self, entry: &Entry) -> Checked<Target> {
                let kinds =
                    [$($(self.$name.take().map(|_: $raw| Target::$kind(Default::default())),)?)*];
                if kinds.iter().all(Option::is_none) {
                    return Ok(Target::Webhook(WebhookTarget::default()));
                }
                only(entry, kinds)
            }
        }
    };
}

kinds! {
    /// PagerDuty Events API v2.
    pagerduty: PagerDuty(PagerDutyTarget<S>, RawPagerDuty),
    /// A Standard Webhooks endpoint.
    webhook: Webhook(WebhookTarget<S>, RawWebhook),
    /// A Slack incoming webhook.
    slack: Slack(SlackTarget<S>, RawSlack),
    /// An Alertmanager, API v2.
    alertmanager: Alertmanager(AlertmanagerTarget, RawAlertmanager),
    /// E-mail over SMTP.
    email: Email(EmailTarget<S>, RawEmail),
    /// A workflow of Microsoft Teams.
    teams: Teams(TeamsTarget<S>, RawTeams),
    /// Opsgenie, Alert API.
    opsgenie: Opsgenie(OpsgenieTarget<S>, RawOpsgenie),
    /// An incoming webhook of Google Chat.
    google_chat: GoogleChat(GoogleChatTarget<S>, RawGoogleChat),
    /// A webhook of Discord.
    discord: Discord(DiscordTarget<S>, RawDiscord),
    /// An incoming webhook of Mattermost.
    mattermost: Mattermost(MattermostTarget<S>, RawMattermost),
    /// A bot of Telegram.
    telegram: Telegram(TelegramTarget<S>, RawTelegram),
    /// A bot of Slack.
    slack: SlackBot(SlackBotTarget<S>),
}

/// Where a target is reached. It must not be shown, because it can be a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Address<'a> {
    /// A URL.
    Url(&'a str),
    /// A host name or IP address.
    Host(&'a str),
}

/// What each kind of target defines.
trait TargetKind {
    /// Where it is reached.
    fn address(&self) -> Address<'_>;

    /// What identifies the target, beside its kind.
    fn identity(&self) -> Vec<String>;

    /// How often it may be called unless the file says otherwise.
    fn rate(&self) -> RateLimit;

    /// Whether it can update a notification. Otherwise every event is a new message.
    fn takes_updates(&self) -> bool {
        true
    }

    /// Whether it ends or forgets an open alert that is not repeated.
    fn takes_repeats(&self) -> bool {
        false
    }

    /// Whether it is notified when an alert is acknowledged elsewhere.
    fn takes_acknowledgements(&self) -> bool {
        false
    }
}

/// A target of the rules file, with the settings of its receiver that only its kind has.
pub(in crate::rule) struct CheckedTarget {
    pub(in crate::rule) target: Target,
    pub(in crate::rule) webhook_secret: Option<Secret>,
    pub(in crate::rule) takes_changes: bool,
}

impl From<Target> for CheckedTarget {
    fn from(target: Target) -> Self {
        Self { target, webhook_secret: None, takes_changes: false }
    }
}

impl Target {
    pub(crate) fn address(&self) -> Address<'_> {
        self.settings().address()
    }

    /// The secrets, which no message may show.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut found = Vec::new();
        let _ = self.map_secrets(&mut |secret| {
            found.push(secret.clone());
            Some(())
        });
        found
    }

    /// Whether it can update a notification. Otherwise every event is a new message.
    #[must_use]
    pub fn takes_updates(&self) -> bool {
        self.settings().takes_updates()
    }

    /// Whether it ends or forgets an open alert that is not repeated.
    pub(crate) fn takes_repeats(&self) -> bool {
        self.settings().takes_repeats()
    }

    /// Whether it is notified when an alert is acknowledged elsewhere.
    pub(crate) fn takes_acknowledgements(&self) -> bool {
        self.settings().takes_acknowledgements()
    }

    /// How often it may be called unless the file says otherwise.
    #[must_use]
    pub fn rate(&self) -> RateLimit {
        self.settings().rate()
    }

    /// Identifies the target: 32 hex digits over its kind and what identifies it there.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut parts = vec![self.kind().to_owned()];
        parts.extend(self.settings().identity());
        let mut digits = hex(&Sha256::digest(parts.join("\0")));
        digits.truncate(32);
        digits
    }
}

/// The one of a receiver's targets that is given.
fn only<T, const N: usize>(entry: &Entry, targets: [Option<T>; N]) -> Checked<T> {
    let mut targets = targets.into_iter().flatten();
    match (targets.next(), targets.next()) {
        (Some(target), None) => Ok(target),
        _ => Err(entry.error("name", RuleProblem::ReceiverKind)),
    }
}

/// The names of all kinds as a sentence has them: `a`, `b` or `c`.
pub(in crate::rule) fn kind_names() -> String {
    let names: Vec<String> = KINDS.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
