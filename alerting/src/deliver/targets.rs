//! Stored targets of receivers, so that the resolve of an alert reaches the target that got its trigger,
//! also after the rules file has changed.
//!
//! Secrets are never stored, only where each was read: a variable or a file. A target can be reached again
//! while that place still holds a secret with the same fingerprint.

use bincode::{Decode, Encode};
use plimsoll_storage::{Order, Store, Table, TableBatch};

use crate::error::Result;
use crate::limits::LIST_ROWS_MAX;
use crate::records::row;
use crate::rule::{MailTls, Mailbox, Receiver, Secret, SecretOrigin, Target};

/// Prefix of rows, followed by receiver, 0 and fingerprint. Value: [`StoredTarget`].
const TARGET: u8 = b't';

/// A target without its secrets. Variants are on disk: never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
enum StoredTarget {
    PagerDuty {
        url: String,
        routing_key: SecretOrigin,
    },
    Webhook {
        url: String,
        secrets: Vec<SecretOrigin>,
    },
    Slack {
        url: SecretOrigin,
    },
    Alertmanager {
        url: String,
    },
    Email {
        host: String,
        port: u16,
        tls: MailTls,
        login: Option<(String, SecretOrigin)>,
        from: String,
        to: Vec<String>,
        ca: Option<SecretOrigin>,
    },
}

/// Reads a variable of the environment.
pub(super) type Env = dyn Fn(&str) -> Option<String> + Send + Sync;

/// ThreadNotes the targets of some receivers.
pub(super) fn remember(store: &Store, receivers: &[Receiver]) -> Result<()> {
    let mut batch = TableBatch::default();
    for receiver in receivers {
        let (key, row) = (key(receiver), row::encode(&StoredTarget::of(&receiver.target)));
        if store.get(Table::Receiver, &key)?.as_ref() != Some(&row) {
            batch.put(Table::Receiver, &key, row);
        }
    }
    Ok(store.commit(batch)?)
}

/// Every stored target that can be reached with the current secrets, each with the name of its
/// receiver.
pub(super) fn recall(store: &Store, env: &Env) -> Result<Vec<Receiver>> {
    let rows = store.records(Table::Receiver, &[TARGET], None, Order::Descending, LIST_ROWS_MAX)?;
    let mut found = Vec::new();
    for (key, value) in rows {
        let mut parts = key.get(1..).unwrap_or_default().split(|byte| *byte == 0);
        let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let (name, fingerprint) = (text(), text());
        let stored: StoredTarget = row::decode("target of a receiver", &value)?;
        if let Some(target) = stored.resolve(env)
            && target.fingerprint() == fingerprint
        {
            found.push(Receiver::new(name, target));
        }
    }
    Ok(found)
}

fn key(receiver: &Receiver) -> Vec<u8> {
    let fingerprint = receiver.fingerprint();
    [&[TARGET], receiver.name.as_bytes(), &[0], fingerprint.as_bytes()].concat()
}

impl StoredTarget {
    fn of(target: &Target) -> Self {
        match target {
            Target::PagerDuty { url, routing_key } => {
                Self::PagerDuty { url: url.clone(), routing_key: routing_key.origin().clone() }
            }
            Target::Webhook { url, secrets } => Self::Webhook {
                url: url.clone(),
                secrets: secrets.iter().map(|secret| secret.origin().clone()).collect(),
            },
            Target::Slack { url } => Self::Slack { url: url.origin().clone() },
            Target::Alertmanager { url } => Self::Alertmanager { url: url.clone() },
            Target::Email(Mailbox { host, port, tls, ca, login, from, to }) => Self::Email {
                host: host.clone(),
                port: *port,
                tls: *tls,
                login: login.as_ref().map(|(user, it)| (user.clone(), it.origin().clone())),
                from: from.clone(),
                to: to.clone(),
                ca: ca.as_ref().map(|it| it.origin().clone()),
            },
        }
    }

    /// The target with its secrets; `None` when one of them is gone.
    fn resolve(self, env: &Env) -> Option<Target> {
        let read = |origin: &SecretOrigin| origin.read(&|name| env(name));
        Some(match self {
            Self::PagerDuty { url, routing_key } => {
                Target::PagerDuty { url, routing_key: read(&routing_key)? }
            }
            Self::Webhook { url, secrets } => {
                let secrets: Option<Vec<Secret>> = secrets.iter().map(read).collect();
                Target::Webhook { url, secrets: secrets? }
            }
            Self::Slack { url } => Target::Slack { url: read(&url)? },
            Self::Alertmanager { url } => Target::Alertmanager { url },
            Self::Email { host, port, tls, login, from, to, ca } => {
                let ca = match ca {
                    Some(authority) => Some(read(&authority)?),
                    None => None,
                };
                let login = match login {
                    Some((user, password)) => Some((user, read(&password)?)),
                    None => None,
                };
                Target::Email(Mailbox { host, port, tls, ca, login, from, to })
            }
        })
    }
}
