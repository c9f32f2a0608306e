//! Chats in the rules file. Those that are reached at the address of a webhook have the same settings, and
//! each has a form of address of its own.

mod discord;
mod google_chat;
mod mattermost;
mod teams;
mod telegram;

use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::targets::address::{Service, service_url};
use crate::rule::types::{Secret, SecretSource};

pub use self::discord::DiscordTarget;
pub(super) use self::discord::RawDiscord;
pub use self::google_chat::GoogleChatTarget;
pub(super) use self::google_chat::RawGoogleChat;
pub use self::mattermost::MattermostTarget;
pub(super) use self::mattermost::RawMattermost;
pub(super) use self::teams::RawTeams;
pub use self::teams::TeamsTarget;
pub(super) use self::telegram::RawTelegram;
pub use self::telegram::TelegramTarget;

/// Defines the target and the entry of a chat that is reached at the address of a webhook.
macro_rules! webhook_of_chat {
    (
        $(#[$doc:meta])* $target:ident, $raw:ident, $kind:ident,
        service: $service:expr, rate: $rate:expr, takes_updates: $takes_updates:expr,
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
        pub struct $target<S = crate::rule::types::Secret> {
            /// Full address; a secret, because whoever knows it can write to the channel.
            pub url: S,
        }

        /// The entry of the rules file.
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(in crate::rule::targets) struct $raw {
            url: Option<crate::rule::types::SecretSource>,
        }

        impl $raw {
            pub(in crate::rule::targets) fn check(
                self,
                entry: &crate::rule::check::Entry,
                secrets: &crate::rule::check::Secrets<'_>,
            ) -> crate::rule::error::Checked<crate::rule::targets::CheckedTarget> {
                let url = super::webhook_url(self.url, entry, secrets, &$service)?;
                Ok(crate::rule::targets::Target::$kind($target { url }).into())
            }
        }

        impl<S> $target<S> {
            pub(in crate::rule::targets) fn map_secrets<T>(
                &self,
                replace: &mut dyn FnMut(&S) -> Option<T>,
            ) -> Option<$target<T>> {
                Some($target { url: replace(&self.url)? })
            }
        }

        impl crate::rule::targets::TargetKind for $target {
            fn address(&self) -> crate::rule::targets::Address<'_> {
                crate::rule::targets::Address::Url(self.url.expose())
            }

            fn identity(&self) -> Vec<String> {
                vec![self.url.expose().to_owned()]
            }

            fn rate(&self) -> crate::rule::types::RateLimit {
                $rate
            }

            fn takes_updates(&self) -> bool {
                $takes_updates
            }
        }
    };
}
use webhook_of_chat;

/// The address of a webhook, which is a secret.
fn webhook_url(
    source: Option<SecretSource>,
    entry: &Entry,
    secrets: &Secrets<'_>,
    service: &Service,
) -> Checked<Secret> {
    let remedy = service.remedy;
    let source = source.ok_or_else(|| entry.error("url", RuleProblem::Missing(remedy)))?;
    let address = secrets.resolve(entry, "url", &source)?;
    service_url(address.expose(), service).map_err(|problem| entry.error("url", problem))?;
    Ok(address)
}

#[cfg(test)]
mod tests;
