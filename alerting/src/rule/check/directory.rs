//! Checks of everything beside the rules: receivers, partners, maintenance, holidays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use plimsoll_storage::TimestampMs;
use serde_saphyr::Spanned;

use super::context::{Entry, claim_name, file_error};
use crate::limits::{RECEIVERS_MAX, RUNBOOK_FILE_BYTES_MAX};
use crate::rule::error::{Checked, Problem};
use crate::rule::raw::{
    RawHoliday, RawMaintenance, RawPagerDuty, RawPartner, RawReceiver, RawWebhook,
};
use crate::rule::receiver::webhook_key;
use crate::rule::secret::{Secret, SecretSource};
use crate::rule::{Holiday, Maintenance, PAGERDUTY_URL, Partner, Receiver, Rule, Target};
use crate::runbook;

/// Resolves the secrets of receivers.
struct Secrets<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    base_dir: &'a Path,
}

impl Secrets<'_> {
    fn resolve(
        &self,
        entry: &Entry,
        field: &'static str,
        source: &SecretSource,
    ) -> Checked<Secret> {
        source.resolve(self.env, self.base_dir).map_err(|problem| entry.error(field, problem))
    }
}

pub(super) fn receivers(
    raw: Vec<Spanned<RawReceiver>>,
    env: &dyn Fn(&str) -> Option<String>,
    base_dir: &Path,
) -> Checked<Vec<Receiver>> {
    if raw.len() > RECEIVERS_MAX {
        let problem = Problem::TooMany { count: raw.len(), limit: RECEIVERS_MAX };
        return Err(file_error("receivers", problem));
    }
    let secrets = Secrets { env, base_dir };
    let mut names = BTreeSet::new();
    raw.into_iter().map(|raw| receiver(raw.value, &secrets, &mut names)).collect()
}

fn receiver(
    raw: RawReceiver,
    secrets: &Secrets<'_>,
    names: &mut BTreeSet<String>,
) -> Checked<Receiver> {
    let entry = claim_name("receiver", &raw.name, names)?;
    let target = match (raw.pagerduty, raw.webhook) {
        (Some(pagerduty), None) => pagerduty_target(&entry, pagerduty, secrets)?,
        (None, Some(webhook)) => webhook_target(&entry, webhook, secrets)?,
        _ => return Err(entry.error("name", Problem::ReceiverKind)),
    };
    Ok(Receiver { name: raw.name.value, target })
}

fn pagerduty_target(entry: &Entry, raw: RawPagerDuty, secrets: &Secrets<'_>) -> Checked<Target> {
    let source = raw.routing_key.ok_or_else(|| {
        entry.error("routing_key", Problem::Missing("the integration's key, 32 characters"))
    })?;
    let routing_key = secrets.resolve(entry, "routing_key", &source)?;
    let url = match raw.url {
        Some(url) => entry.parsed("url", &url, address)?,
        None => PAGERDUTY_URL.to_owned(),
    };
    Ok(Target::PagerDuty { url: url.trim_end_matches('/').to_owned(), routing_key })
}

fn webhook_target(entry: &Entry, raw: RawWebhook, secrets: &Secrets<'_>) -> Checked<Target> {
    let url = raw
        .url
        .ok_or_else(|| entry.error("url", Problem::Missing("the address that takes the alerts")))?;
    let url = entry.parsed("url", &url, address)?;
    let secret = raw.secret.map(|source| secrets.resolve(entry, "secret", &source)).transpose()?;
    if secret.as_ref().is_some_and(|secret| webhook_key(secret).is_none()) {
        return Err(entry.error("secret", Problem::SecretEncoding));
    }
    Ok(Target::Webhook { url, secret })
}

/// Checks an address. It is not repeated in the message: parts of it may be secret.
fn address(text: &str) -> Result<String, Problem> {
    let url = reqwest::Url::parse(text).map_err(|error| Problem::Url(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Problem::Url(format!("`{}` is not spoken here", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::Url("it carries a user name or password".into()));
    }
    Ok(text.to_owned())
}

pub(super) fn partners(raw: Vec<Spanned<RawPartner>>) -> Checked<Vec<Partner>> {
    let mut names = BTreeSet::new();
    let checked = raw.into_iter().map(|Spanned { value, referenced, .. }| {
        if !names.insert(value.name.clone()) {
            let entry = Entry::new("partner", &value.name, referenced);
            return Err(entry.error("name", Problem::Duplicate(value.name)));
        }
        Ok(Partner {
            name: value.name,
            kind: value.kind,
            country: value.country,
            time_zone: value.time_zone,
            contacts: value.contacts.unwrap_or_default(),
            sla_class: value.sla_class,
            expects: value.expects.unwrap_or_default(),
            depends_on: value.depends_on.unwrap_or_default(),
            paused: value.paused.unwrap_or(false),
        })
    });
    checked.collect()
}

/// Runbooks that are Markdown files beside the rules or below. One that cannot be read is no mistake
/// of the file: the alert counts for more. They are served to everyone, so nothing else is read.
pub(super) fn runbooks(rules: &[Rule], base_dir: &Path) -> BTreeMap<String, String> {
    let read = |name: &str| {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let relative = Path::new(name);
        if !name.ends_with(".md") || !relative.components().all(inside) {
            return None;
        }
        let path = base_dir.join(relative);
        if std::fs::metadata(&path).ok()?.len() > RUNBOOK_FILE_BYTES_MAX {
            return None;
        }
        std::fs::read_to_string(&path).ok()
    };
    let own = rules.iter().filter(|rule| runbook::runbook(&rule.runbook).is_none());
    own.filter_map(|rule| Some((rule.runbook.clone(), read(&rule.runbook)?))).collect()
}

pub(super) fn maintenance(raw: Vec<Spanned<RawMaintenance>>) -> Checked<Vec<Maintenance>> {
    raw.into_iter().enumerate().map(|(position, raw)| one_maintenance(position + 1, raw)).collect()
}

fn one_maintenance(number: usize, raw: Spanned<RawMaintenance>) -> Checked<Maintenance> {
    let entry = Entry::new("maintenance", &format!("number {number}"), raw.referenced);
    let raw = raw.value;
    let matches = entry.matches(raw.matches.unwrap_or_default())?;
    if matches.is_empty() {
        return Err(entry.error("match", Problem::Missing("the labels of what is maintained")));
    }
    let start = entry.parsed("start", &raw.start, moment)?;
    let end = entry.parsed("end", &raw.end, moment)?;
    if end <= start {
        return Err(entry.error_at(raw.end.referenced, "end", Problem::EmptyPeriod));
    }
    let author = entry.needed("author", raw.author, "who announced it")?;
    let reason = entry.needed("reason", raw.reason, "why it is done")?;
    Ok(Maintenance { matches, start, end, author, reason })
}

fn moment(text: &str) -> Result<TimestampMs, Problem> {
    let at: jiff::Timestamp = text.parse().map_err(|_| Problem::Time(text.to_owned()))?;
    Ok(TimestampMs(at.as_millisecond()))
}

pub(super) fn holidays(raw: Vec<Spanned<RawHoliday>>) -> Checked<Vec<Holiday>> {
    let day = |text: &str| text.parse().map_err(|_| Problem::Date(text.to_owned()));
    let checked = raw.into_iter().map(|raw| {
        let entry = Entry::new("holiday", &raw.value.country, raw.referenced);
        let date = entry.parsed("date", &raw.value.date, day)?;
        Ok(Holiday { country: raw.value.country, date })
    });
    checked.collect()
}
