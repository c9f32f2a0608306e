//! Two rule files over the same history: who is paged by which, and how much earlier.

use std::fmt::{self, Write as _};

use plimsoll_alerting::ReplayedAlert;
use plimsoll_storage::{Label, TimestampMs};
use serde::Serialize;

use super::{begins, report::span};
use crate::wire::time;

/// A message: when it began, about whom, by which rule, and when it was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) at: TimestampMs,
    pub(crate) partner: String,
    pub(crate) rule: String,
    pub(crate) resolved_at: Option<TimestampMs>,
}

/// How the pages of two rule files differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) only_a: Vec<Page>,
    pub(crate) only_b: Vec<Page>,
    /// Pages about the same partner at overlapping times.
    pub(crate) both: Vec<(Page, Page)>,
}

/// One line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    found_by: &'static str,
    partner: &'a str,
    a: Option<PageLine<'a>>,
    b: Option<PageLine<'a>>,
    /// How much later `b` is, in seconds; negative when it is earlier.
    b_later_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct PageLine<'a> {
    rule: &'a str,
    at: String,
    resolved_at: Option<String>,
}

/// Every page of some alerts, in the order of time.
fn pages(alerts: &[ReplayedAlert]) -> Vec<Page> {
    let mut pages = Vec::new();
    for alert in alerts {
        pages.extend(begins(alert).into_iter().map(|at| Page {
            at,
            partner: alert.labels.get(Label::Partner).unwrap_or_default().to_owned(),
            rule: alert.rule.clone(),
            resolved_at: alert.resolved_at,
        }));
    }
    pages.sort_by(|a, b| (a.at, &a.partner, &a.rule).cmp(&(b.at, &b.partner, &b.rule)));
    pages
}

impl Page {
    fn overlaps(&self, other: &Self) -> bool {
        let ends_after = |one: &Self, at: TimestampMs| one.resolved_at.is_none_or(|end| end >= at);
        self.partner == other.partner && ends_after(self, other.at) && ends_after(other, self.at)
    }

    fn line(&self) -> PageLine<'_> {
        PageLine {
            rule: &self.rule,
            at: time::format(self.at),
            resolved_at: self.resolved_at.map(time::format),
        }
    }
}

/// Matches the pages of two rule files: each with the nearest of the other that is about the same
/// partner and open at the same time, once; of the same rule where there is one.
pub(crate) fn compare(a: &[ReplayedAlert], b: &[ReplayedAlert]) -> Comparison {
    compare_pages(pages(a), pages(b))
}

fn compare_pages(a: Vec<Page>, b: Vec<Page>) -> Comparison {
    let mut comparison = Comparison { only_a: a, only_b: b, both: Vec::new() };
    comparison.pair(|one, other| one.rule == other.rule);
    comparison.pair(|_, _| true);
    comparison
        .both
        .sort_by(|(a, _), (b, _)| (a.at, &a.partner, &a.rule).cmp(&(b.at, &b.partner, &b.rule)));
    comparison
}

impl Comparison {
    /// Pairs what is left and may be paired.
    fn pair(&mut self, may_be: impl Fn(&Page, &Page) -> bool) {
        for page in std::mem::take(&mut self.only_a) {
            let near = |(_, other): &(usize, &Page)| other.at.since_ms(page.at).abs();
            let fits = |(_, other): &(usize, &Page)| page.overlaps(other) && may_be(&page, other);
            match self.only_b.iter().enumerate().filter(fits).min_by_key(near) {
                Some((position, _)) => {
                    let other = self.only_b.remove(position);
                    self.both.push((page, other));
                }
                None => self.only_a.push(page),
            }
        }
    }

    /// One JSON object a line and a page or a pair of pages.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(crate) fn write_json(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        let alone = |found_by, page: &Page, is_a| {
            let line = page.line();
            let (a, b) = if is_a { (Some(line), None) } else { (None, Some(line)) };
            serde_json::to_string(&Line { found_by, partner: &page.partner, a, b, b_later_s: None })
        };
        let only_a = self.only_a.iter().map(|page| alone("a", page, true));
        let only_b = self.only_b.iter().map(|page| alone("b", page, false));
        let both = self.both.iter().map(|(a, b)| {
            serde_json::to_string(&Line {
                found_by: "both",
                partner: &a.partner,
                a: Some(a.line()),
                b: Some(b.line()),
                b_later_s: Some(b.at.since_ms(a.at) as f64 / 1e3),
            })
        });
        for line in only_a.chain(only_b).chain(both) {
            writeln!(out, "{}", line?)?;
        }
        Ok(())
    }

    /// For people.
    ///
    /// # Errors
    /// Never: text is written into memory.
    pub(crate) fn table(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        for (title, pages) in [("only in A", &self.only_a), ("only in B", &self.only_b)] {
            writeln!(text, "{title}: {} pages", pages.len())?;
            for page in pages {
                let Page { at, partner, rule, resolved_at } = page;
                let lasted =
                    resolved_at.map_or_else(|| "open".to_owned(), |end| span(end.since_ms(*at)));
                writeln!(text, "  {}  {lasted:>8}  {partner:<16}  {rule}", time::format(*at))?;
            }
        }
        writeln!(text, "in both: {} pages", self.both.len())?;
        for (a, b) in &self.both {
            let later = b.at.since_ms(a.at);
            let shift = match later {
                0 => "at the same time".to_owned(),
                1.. => format!("B {} later", span(later)),
                _ => format!("B {} earlier", span(-later)),
            };
            let rules =
                if a.rule == b.rule { a.rule.clone() } else { format!("{} / {}", a.rule, b.rule) };
            writeln!(text, "  {}  {shift:>16}  {:<16}  {rules}", time::format(a.at), a.partner)?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
