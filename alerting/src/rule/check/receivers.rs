//! Checks of receivers; their secrets are resolved here.

use std::collections::BTreeSet;
use std::path::Path;

use serde_saphyr::Spanned;

use crate::rule::check::context::{Entry, Secrets, claim_name, file_error};
use crate::rule::check::email;
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{
    RawAlertmanager, RawNext, RawPagerDuty, RawRate, RawReceiver, RawSlack, RawTexts, RawWebhook,
};
use crate::rule::types::{
    Escalation, FailOver, GIVE_UP_AFTER_MS, MessageTemplates, PAGERDUTY_URL, RateLimit, Receiver,
    Secret, SecretSource, Target, duration_ms, webhook_key,
};
use crate::text::templates;

/// Receivers in one file; each has its own delivery lane.
const RECEIVERS_MAX: usize = 64;
/// Default of `fail_over.after`: how long a receiver fails before another one replaces it, in ms.
const FAIL_OVER_AFTER_MS: i64 = 5 * 60_000;
/// Default of `escalate.after`: how long nobody acknowledges before the next receiver is notified, in ms.
const ESCALATE_AFTER_MS: i64 = 15 * 60_000;
/// Most calls of a receiver's `rate`.
const RATE_CALLS_MAX: u32 = 10_000;
/// Secrets of one webhook: more than one while they are rotated.
const WEBHOOK_SECRETS_MAX: usize = 4;

/// All receivers of a file.
pub(super) fn receivers(
    raw: Vec<Spanned<RawReceiver>>,
    env: &dyn Fn(&str) -> Option<String>,
    base_dir: &Path,
) -> Checked<Vec<Receiver>> {
    if raw.len() > RECEIVERS_MAX {
        let problem = RuleProblem::TooMany { count: raw.len(), limit: RECEIVERS_MAX };
        return Err(file_error("receivers", problem));
    }
    let secrets = Secrets { env, base_dir };
    let known: BTreeSet<String> = raw.iter().map(|raw| raw.value.name.value.clone()).collect();
    let mut names = BTreeSet::new();
    raw.into_iter().map(|raw| receiver(raw.value, &secrets, &known, &mut names)).collect()
}

fn receiver(
    raw: RawReceiver,
    secrets: &Secrets<'_>,
    known: &BTreeSet<String>,
    names: &mut BTreeSet<String>,
) -> Checked<Receiver> {
    let entry = claim_name("receiver", &raw.name, names)?;
    let takes_changes = raw.pagerduty.as_ref().is_some_and(|raw| raw.changes);
    let webhook_secret = raw.pagerduty.as_ref().and_then(|raw| raw.webhook_secret.as_ref());
    let webhook_secret = webhook_secret
        .map(|source| secrets.resolve(&entry, "webhook_secret", source))
        .transpose()?;
    let targets = [
        raw.pagerduty.map(|raw| pagerduty(&entry, raw, secrets)),
        raw.webhook.map(|raw| webhook(&entry, raw, secrets)),
        raw.slack.map(|raw| slack(&entry, raw, secrets)),
        raw.alertmanager.map(|raw| alertmanager(&entry, raw)),
        raw.email.map(|raw| email::email(&entry, raw, secrets)),
    ];
    let mut targets = targets.into_iter().flatten();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return Err(entry.error("name", RuleProblem::ReceiverKind));
    };
    let target = target?;
    let rate = raw.rate.map(|raw| rate(&entry, &raw)).transpose()?;
    let give_up_after = raw.give_up_after.as_ref();
    let give_up_after = give_up_after.map(|text| positive(&entry, "give_up_after", text));
    Ok(Receiver {
        rate: rate.unwrap_or(target.rate()),
        give_up_after_ms: give_up_after.transpose()?.unwrap_or(GIVE_UP_AFTER_MS),
        fail_over: next(&entry, "fail_over", raw.fail_over, (&raw.name, known))?.map(
            |(to, after_ms)| FailOver { to, after_ms: after_ms.unwrap_or(FAIL_OVER_AFTER_MS) },
        ),
        escalate: next(&entry, "escalate", raw.escalate, (&raw.name, known))?.map(
            |(to, after_ms)| Escalation { to, after_ms: after_ms.unwrap_or(ESCALATE_AFTER_MS) },
        ),
        webhook_secret,
        takes_changes,
        templates: raw.text.map(|it| templates(&entry, it)).transpose()?.unwrap_or_default(),
        target,
        name: raw.name.value,
    })
}

fn templates(entry: &Entry, raw: RawTexts) -> Checked<MessageTemplates> {
    let checked = |text: Option<Spanned<String>>| {
        let Some(text) = text else { return Ok(None) };
        match templates::check(&text.value) {
            Ok(()) => Ok(Some(text.value)),
            Err(mistake) => {
                let problem = RuleProblem::Template { line: mistake.line, detail: mistake.detail };
                let mut error = entry.error_at(text.referenced, "text", problem);
                if mistake.line > 1 {
                    (error.line, error.column) = (error.line + mistake.line - 1, 0);
                }
                Err(error)
            }
        }
    };
    Ok(MessageTemplates { summary: checked(raw.summary)?, body: checked(raw.body)? })
}

fn rate(entry: &Entry, raw: &RawRate) -> Checked<RateLimit> {
    let calls = raw.calls.value;
    if !(1..=RATE_CALLS_MAX).contains(&calls) {
        let problem = RuleProblem::OutOfRange { value: calls.to_string(), expected: "1 to 10000" };
        return Err(entry.error_at(raw.calls.referenced, "rate", problem));
    }
    Ok(RateLimit { calls, per_ms: positive(entry, "rate", &raw.per)? })
}

fn positive(entry: &Entry, field: &'static str, text: &Spanned<String>) -> Checked<i64> {
    let ms = entry.parsed(field, text, duration_ms)?;
    if ms == 0 {
        return Err(entry.error_at(
            text.referenced,
            field,
            RuleProblem::DurationRange("0s".into()),
        ));
    }
    Ok(ms)
}

/// `fail_over` or `escalate`: the other receiver and, when it is set, after how many ms.
fn next(
    entry: &Entry,
    field: &'static str,
    raw: Option<RawNext>,
    (own, known): (&Spanned<String>, &BTreeSet<String>),
) -> Checked<Option<(String, Option<i64>)>> {
    let Some(RawNext { to, after }) = raw else { return Ok(None) };
    if to.value == own.value || !known.contains(&to.value) {
        let problem = RuleProblem::NoOtherReceiver(to.value);
        return Err(entry.error_at(to.referenced, field, problem));
    }
    let after = after.as_ref().map(|text| entry.parsed(field, text, duration_ms)).transpose()?;
    Ok(Some((to.value, after)))
}

fn pagerduty(entry: &Entry, raw: RawPagerDuty, secrets: &Secrets<'_>) -> Checked<Target> {
    let source = raw.routing_key.ok_or_else(|| {
        entry.error("routing_key", RuleProblem::Missing("the integration's key, 32 characters"))
    })?;
    let routing_key = secrets.resolve(entry, "routing_key", &source)?;
    let url = match raw.url {
        Some(url) => entry.parsed("url", &url, address)?,
        None => PAGERDUTY_URL.to_owned(),
    };
    Ok(Target::PagerDuty { url: url.trim_end_matches('/').to_owned(), routing_key })
}

fn webhook(entry: &Entry, raw: RawWebhook, secrets: &Secrets<'_>) -> Checked<Target> {
    let url = raw.url.ok_or_else(|| {
        entry.error("url", RuleProblem::Missing("the address that receives the alerts"))
    })?;
    let url = entry.parsed("url", &url, address)?;
    let sources: Vec<SecretSource> =
        raw.secret.into_iter().chain(raw.secrets.into_iter().flatten()).collect();
    if sources.len() > WEBHOOK_SECRETS_MAX {
        let problem = RuleProblem::TooMany { count: sources.len(), limit: WEBHOOK_SECRETS_MAX };
        return Err(entry.error("secrets", problem));
    }
    let signing = sources.iter().map(|source| secrets.resolve(entry, "secret", source));
    let signing = signing.collect::<Checked<Vec<Secret>>>()?;
    if signing.iter().any(|secret| webhook_key(secret).is_none()) {
        return Err(entry.error("secret", RuleProblem::SecretEncoding));
    }
    Ok(Target::Webhook { url, secrets: signing })
}

fn slack(entry: &Entry, raw: RawSlack, secrets: &Secrets<'_>) -> Checked<Target> {
    let remedy = "the webhook's address, https://hooks.slack.com/services/…, as a secret";
    let source = raw.url.ok_or_else(|| entry.error("url", RuleProblem::Missing(remedy)))?;
    let url = secrets.resolve(entry, "url", &source)?;
    address(url.expose()).map_err(|problem| entry.error("url", problem))?;
    Ok(Target::Slack { url })
}

fn alertmanager(entry: &Entry, raw: RawAlertmanager) -> Checked<Target> {
    let remedy = "its address, such as http://alertmanager.example:9093";
    let url = raw.url.ok_or_else(|| entry.error("url", RuleProblem::Missing(remedy)))?;
    let url = entry.parsed("url", &url, address)?;
    Ok(Target::Alertmanager { url: url.trim_end_matches('/').to_owned() })
}

/// Checks an address. The message does not repeat it, because parts of it may be secret.
fn address(text: &str) -> Result<String, RuleProblem> {
    let url = reqwest::Url::parse(text).map_err(|error| RuleProblem::Url(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(RuleProblem::Url(format!("`{}` is not supported", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RuleProblem::Url("it contains a user name or password".into()));
    }
    Ok(text.to_owned())
}
