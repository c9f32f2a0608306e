//! Checks of receivers; their secrets are resolved here.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_saphyr::Spanned;

use crate::rule::check::context::{Entry, Secrets, claim_name, file_error};
use crate::rule::check::references::Names;
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawNext, RawRate, RawTexts};
use crate::rule::targets::{CheckedTarget, RawReceiver};
use crate::rule::types::{
    DURATION_MS_MAX, Escalation, FailOver, GIVE_UP_AFTER_MS, MessageTemplates, RateLimit, Receiver,
    duration_ms, duration_text,
};
use crate::text::templates;

/// Receivers in one file; each has its own delivery lane.
const RECEIVERS_MAX: usize = 64;
/// Default of `fail_over.after`: how long a receiver fails before another one replaces it, in ms.
const FAIL_OVER_AFTER_MS: i64 = 5 * 60_000;
/// Default of `escalate.after`: how long nobody acknowledges before the next receiver is notified, in ms.
const ESCALATE_AFTER_MS: i64 = 15 * 60_000;
/// What `give_up_after` may be: long enough for a few attempts of 10 s, as long as alerts wait.
const GIVE_UP_AFTER: (RangeInclusive<i64>, &str) =
    (60_000..=DURATION_MS_MAX, "at least 1m and at most 7d");
/// What `rate.per` may be: a notification that waits longer helps nobody.
const RATE_PER: (RangeInclusive<i64>, &str) = (1..=3_600_000, "more than 0s and at most 1h");
/// Most calls of a receiver's `rate`.
const RATE_CALLS_MAX: u32 = 10_000;

/// All receivers of a file; without `secrets`, their targets are of the right kind and empty.
pub(super) fn receivers(
    raw: Vec<Spanned<RawReceiver>>,
    secrets: Option<&Secrets<'_>>,
) -> Checked<Vec<Receiver>> {
    if raw.len() > RECEIVERS_MAX {
        let problem = RuleProblem::TooMany { count: raw.len(), limit: RECEIVERS_MAX };
        return Err(file_error("receivers", problem));
    }
    let names: Vec<String> = raw.iter().map(|raw| raw.value.name.value.clone()).collect();
    let names = names.iter().map(String::as_str).collect();
    let known = Names { kind: "receiver", section: "receivers", names };
    let mut names = BTreeSet::new();
    raw.into_iter().map(|raw| receiver(raw.value, secrets, &known, &mut names)).collect()
}

fn receiver(
    mut raw: RawReceiver,
    secrets: Option<&Secrets<'_>>,
    known: &Names<'_>,
    names: &mut BTreeSet<String>,
) -> Checked<Receiver> {
    let entry = claim_name("receiver", &raw.name, names)?;
    let CheckedTarget { target, webhook_secret, takes_changes } = match secrets {
        Some(secrets) => raw.take_target(&entry, secrets)?,
        None => raw.take_kind(&entry)?.into(),
    };
    let rate = raw.rate.map(|raw| rate(&entry, &raw)).transpose()?;
    let give_up_after = raw.give_up_after.as_ref();
    let give_up_after =
        give_up_after.map(|text| within(&entry, "give_up_after", text, GIVE_UP_AFTER));
    let give_up_after_ms = give_up_after.transpose()?.unwrap_or(GIVE_UP_AFTER_MS);
    let fail_over = next(&entry, "fail_over", raw.fail_over, (&raw.name, known))?
        .map(|(to, after_ms)| FailOver { to, after_ms: after_ms.unwrap_or(FAIL_OVER_AFTER_MS) });
    if let Some(after_ms) = fail_over.as_ref().map(|it| it.after_ms)
        && after_ms >= give_up_after_ms
    {
        let (after, give_up_after) = (duration_text(after_ms), duration_text(give_up_after_ms));
        return Err(entry.error("fail_over", RuleProblem::FailOverTooLate { after, give_up_after }));
    }
    Ok(Receiver {
        rate: rate.unwrap_or(target.rate()),
        give_up_after_ms,
        fail_over,
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
    let checked = |field, text: Option<Spanned<String>>| {
        let Some(text) = text else { return Ok(None) };
        match templates::check(&text.value) {
            Ok(()) => Ok(Some(text.value)),
            Err(found) => {
                let problem = RuleProblem::Template { line: found.line, detail: found.detail };
                let mut error = entry.error_at(text.referenced, field, problem);
                if found.line > 1 {
                    (error.line, error.column) = (error.line + found.line - 1, 0);
                }
                Err(error)
            }
        }
    };
    let summary = checked("text.summary", raw.summary)?;
    Ok(MessageTemplates { summary, body: checked("text.body", raw.body)? })
}

fn rate(entry: &Entry, raw: &RawRate) -> Checked<RateLimit> {
    let calls = raw.calls.value;
    if !(1..=RATE_CALLS_MAX).contains(&calls) {
        let problem = RuleProblem::OutOfRange { value: calls.to_string(), expected: "1 to 10000" };
        return Err(entry.error_at(raw.calls.referenced, "rate", problem));
    }
    Ok(RateLimit { calls, per_ms: within(entry, "rate", &raw.per, RATE_PER)? })
}

/// A duration within a range.
fn within(
    entry: &Entry,
    field: &'static str,
    text: &Spanned<String>,
    (range_ms, expected): (RangeInclusive<i64>, &'static str),
) -> Checked<i64> {
    let ms = entry.parsed(field, text, duration_ms)?;
    if !range_ms.contains(&ms) {
        let problem = RuleProblem::OutOfRange { value: text.value.clone(), expected };
        return Err(entry.error_at(text.referenced, field, problem));
    }
    Ok(ms)
}

/// `fail_over` or `escalate`: the other receiver and, when it is set, after how many ms.
fn next(
    entry: &Entry,
    field: &'static str,
    raw: Option<RawNext>,
    (own, known): (&Spanned<String>, &Names<'_>),
) -> Checked<Option<(String, Option<i64>)>> {
    let Some(RawNext { to, after }) = raw else { return Ok(None) };
    if to.value == own.value {
        return Err(entry.error_at(to.referenced, field, RuleProblem::ItselfNext));
    }
    known.check(entry, field, &to)?;
    let after = after.as_ref().map(|text| entry.parsed(field, text, duration_ms)).transpose()?;
    Ok(Some((to.value, after)))
}
