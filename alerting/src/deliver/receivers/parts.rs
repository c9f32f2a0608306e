//! The parts of a message in the order in which people read them. Each kind of chat shows them in its own
//! form and within its own limits.

use plimsoll_storage::TimestampMs;

use crate::message::fit;
use crate::message::render::RenderedMessage;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, Severity};

/// Characters of the title: the shortest limit of a kind is 256.
const TITLE_CHARS_MAX: usize = 200;
/// Characters of the one-line summary.
const SUMMARY_CHARS_MAX: usize = 1_000;
/// Steps that a message shows when its texts are cut.
const CUT_STEPS_MAX: usize = 5;
/// To how many characters the texts are cut, one after the other, when leaving parts out is not enough.
const CUTS: [usize; 4] = [4_000, 1_000, 250, 60];

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Critical,
    Warning,
    Resolved,
}

impl Mark {
    pub(super) const fn of(delivery: &Delivery) -> Self {
        match (delivery.action, delivery.alert.severity) {
            (Action::Resolve, _) => Self::Resolved,
            (_, Severity::Critical) => Self::Critical,
            (_, Severity::Warning) => Self::Warning,
        }
    }

    pub(super) const fn emoji(self) -> &'static str {
        match self {
            Self::Critical => "🔴",
            Self::Warning => "🟡",
            Self::Resolved => "🟢",
        }
    }

    /// Red, green and blue.
    pub(super) const fn color(self) -> u32 {
        match self {
            Self::Critical => 0x00c6_2828,
            Self::Warning => 0x00b2_6a00,
            Self::Resolved => 0x002e_7d32,
        }
    }
}

/// How a kind marks up text.
pub(super) struct Markup {
    /// Text from outside, so that none of it is markup.
    pub(super) escape: fn(&str) -> String,
    pub(super) bold: fn(&str) -> String,
    /// A text and where it leads.
    pub(super) link: fn(&str, &str) -> String,
    /// Whether a template of the receiver may have markup. It may not where mistakes in it make the receiver
    /// reject the message.
    pub(super) in_templates: bool,
}

/// Text without markup.
pub(super) const PLAIN: Markup = Markup {
    escape: str::to_owned,
    bold: str::to_owned,
    link: |text, url| format!("{text}: {url}"),
    in_templates: false,
};

/// The parts of a message. All texts are as they came, also what looks like markup.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) mark: Mark,
    /// Who has the fault; empty for a notice.
    pub(super) title: String,
    /// The one line.
    pub(super) summary: String,
    /// The text of the receiver's template, in place of the facts and steps.
    pub(super) body: Option<String>,
    /// The facts of an open alert, each with its name.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What to do first.
    pub(super) steps: Vec<String>,
    /// Rule, owner, who was notified, the id of the alert; empty for a notice.
    pub(super) small_print: String,
    pub(super) links: Vec<(&'static str, String)>,
}

impl Parts {
    /// The parts of a delivery that is sent at `now`.
    pub(super) fn of(
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
        markup: &Markup,
    ) -> Self {
        let mut message = RenderedMessage::new(delivery, templates, now);
        let mut parts = Self::of_message(delivery, &message);
        if markup.in_templates && templates.body.is_some() {
            message = RenderedMessage::escaped(delivery, templates, now, &markup.escape);
        }
        parts.body = message.custom_body().map(str::to_owned);
        cut(&mut parts.title, TITLE_CHARS_MAX);
        cut(&mut parts.summary, SUMMARY_CHARS_MAX);
        parts
    }

    /// The parts of a message that is rendered already.
    pub(super) fn of_message(delivery: &Delivery, message: &RenderedMessage) -> Self {
        let (phrases, is_notice) = (message.phrases(), delivery.alert.is_notice());
        let is_open = delivery.action != Action::Resolve && !is_notice;
        Self {
            mark: Mark::of(delivery),
            title: if is_notice { String::new() } else { delivery.content.who.clone() },
            summary: message.summary().to_owned(),
            body: message.custom_body().map(str::to_owned),
            facts: if is_open { facts(message) } else { Vec::new() },
            steps: if is_open { phrases.steps.clone() } else { Vec::new() },
            small_print: if is_notice { String::new() } else { small_print(message) },
            links: links(delivery),
        }
    }

    /// What follows the summary: the facts, what to do first, links and small print.
    pub(super) fn details(&self, markup: &Markup) -> String {
        let Markup { escape, bold, link, in_templates } = markup;
        let mut sections = Vec::new();
        if let Some(body) = &self.body {
            sections.push(if *in_templates { body.clone() } else { escape(body) });
        } else {
            let facts = self.facts.iter();
            let facts = facts.map(|(name, text)| format!("{} {}", bold(name), escape(text)));
            sections.push(facts.collect::<Vec<_>>().join("\n"));
            let steps = self.numbered_steps().into_iter().map(|step| escape(&step));
            let steps = steps.collect::<Vec<_>>().join("\n");
            if !steps.is_empty() {
                sections.push(format!("{}\n{steps}", bold("Do first")));
            }
        }
        let links: Vec<String> = self.links.iter().map(|(name, url)| link(name, url)).collect();
        sections.push(links.join("\n"));
        sections.push(escape(&self.small_print));
        sections.retain(|section| !section.trim().is_empty());
        sections.join("\n\n")
    }

    /// The steps with their numbers.
    pub(super) fn numbered_steps(&self) -> Vec<String> {
        let steps = self.steps.iter().enumerate();
        steps.map(|(position, step)| format!("{}. {step}", position + 1)).collect()
    }

    /// Cuts every text and leaves the links out.
    fn cut(&mut self, chars_max: usize) {
        self.links.clear();
        self.steps.truncate(CUT_STEPS_MAX);
        let facts = self.facts.iter_mut().map(|(_, text)| text);
        let texts = facts.chain(&mut self.steps).chain(&mut self.body);
        let texts = texts.chain([&mut self.title, &mut self.summary, &mut self.small_print]);
        texts.for_each(|text| cut(text, chars_max));
    }
}

/// The result of `build` for as many parts of a message as fit.
pub(super) fn fitting<T>(
    delivery: &Delivery,
    parts_of: impl Fn(&Delivery) -> Parts,
    build: impl Fn(&Parts) -> T,
    fits: impl Fn(&T) -> bool,
) -> T {
    let mut built = fit::fitting(delivery, |delivery| build(&parts_of(delivery)), &fits);
    let mut parts = parts_of(delivery);
    for chars_max in CUTS {
        if fits(&built) {
            break;
        }
        parts.cut(chars_max);
        built = build(&parts);
    }
    built
}

/// The length of a text as most chats count it: in units of UTF-16, of which an emoji has two.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Cuts a text that is longer than `chars_max` units of UTF-16, and shows that it was cut.
pub(super) fn cut(text: &mut String, chars_max: usize) {
    if length(text) <= chars_max {
        return;
    }
    let (mut kept, mut end) = (0, 0);
    for (start, letter) in text.char_indices() {
        kept += letter.len_utf16();
        if kept >= chars_max {
            break;
        }
        end = start + letter.len_utf8();
    }
    text.truncate(end);
    text.push('…');
}

fn facts(message: &RenderedMessage) -> Vec<(&'static str, String)> {
    let phrases = message.phrases();
    let also = match (phrases.others.join(", "), phrases.others_more) {
        (also, 0) => also,
        (also, more) if also.is_empty() => format!("{more} more"),
        (also, more) => format!("{also} and {more} more"),
    };
    let facts = [
        ("Since", phrases.since.clone()),
        ("How bad", phrases.how_bad.clone()),
        ("Where", phrases.place.join("\n")),
        ("Trend", format!("{} {}", phrases.spark, phrases.trend).trim().to_owned()),
        ("Examples", phrases.examples.join("\n")),
        ("Also", also),
        ("Contacts", phrases.contacts.join("\n")),
        ("Late", message.late().unwrap_or_default()),
    ];
    facts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn small_print(message: &RenderedMessage) -> String {
    let phrases = message.phrases();
    let mut parts = vec![format!("rule {}, owned by {}", phrases.rule, phrases.owner)];
    if !phrases.notified.is_empty() {
        parts.push(format!("notified: {}", phrases.notified.join(", ")));
    }
    parts.push(format!("alert {}", phrases.alert_id));
    parts.join(" | ")
}

/// The links that lead somewhere. Some kinds reject a message with another one.
fn links(delivery: &Delivery) -> Vec<(&'static str, String)> {
    let links = &delivery.content.links;
    let named = [
        ("Partner", Some(links.dashboard.as_str())),
        ("Why it fired", Some(links.explain.as_str())),
        ("Runbook", links.runbook.as_deref()),
    ];
    let is_url = |url: &&str| {
        let has_scheme = url.starts_with("http://") || url.starts_with("https://");
        has_scheme && !url.chars().any(|c| c.is_whitespace() || c.is_control())
    };
    named
        .into_iter()
        .filter_map(|(name, url)| Some((name, url.filter(is_url)?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests;
