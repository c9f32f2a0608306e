//! A score as text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Score;

impl Score {
    /// How good the alerts are, a line a measure.
    ///
    /// # Errors
    /// Never: text is written into memory.
    pub fn summary(&self) -> Result<String, std::fmt::Error> {
        let score = self;
        let mut text = String::new();
        let mut row = |name: &str, value: String| writeln!(text, "{name:<28} {value}");
        let (found, must) = (score.found.len(), score.found.len() + score.missed.len());
        let pages: usize = score.found.iter().map(|found| found.pages).sum();
        let most = score.found.iter().map(|found| found.pages).max().unwrap_or(0);
        row("page recall", format!("{:.1} % ({found} of {must})", score.recall() * 100.0))?;
        row(
            "precision",
            format!(
                "{:.1} % ({} true, {} false, {} neutral pages)",
                score.precision() * 100.0,
                score.true_pages,
                score.false_pages.len(),
                score.neutral_pages
            ),
        )?;
        row("time to detect, median", minutes(score.detected_after_ms(0.5)))?;
        row("time to detect, p95", minutes(score.detected_after_ms(0.95)))?;
        row(
            "pages per incident",
            format!("{:.2}, at most {most}", pages as f64 / found.max(1) as f64),
        )?;
        row(
            "false pages a partner-week",
            format!(
                "{:.4}",
                score.false_pages.len() as f64 / score.partner_weeks.max(f64::MIN_POSITIVE)
            ),
        )?;
        row(
            "flaps a fortnight",
            format!("{:.1}", score.flaps as f64 / score.weeks.max(f64::MIN_POSITIVE) * 2.0),
        )?;
        row("resolve lag, median", minutes(score.resolve_lag_ms()))?;
        row("warnings found", format!("{} of {}", score.warnings.0, score.warnings.1))?;
        Ok(text)
    }

    /// Incidents by kind, those that were missed, and the false pages.
    ///
    /// # Errors
    /// Never: text is written into memory.
    pub fn details(&self) -> Result<String, std::fmt::Error> {
        let score = self;
        let mut text = String::from("\nkind                 found   slowest   pages\n");
        let mut kinds: BTreeMap<&str, (usize, usize, i64, usize)> = BTreeMap::new();
        for found in &score.found {
            let (count, all, slowest, pages) = kinds.entry(&found.kind).or_default();
            (*count, *all, *pages) = (*count + 1, *all + 1, *pages + found.pages);
            *slowest = found.detected_after_ms.max(*slowest);
        }
        for (_, kind) in &score.missed {
            kinds.entry(kind).or_default().1 += 1;
        }
        for (kind, (count, all, slowest, pages)) in kinds {
            writeln!(
                text,
                "{kind:<20} {count:>2}/{all:<2} {:>9} {pages:>7}",
                minutes(Some(slowest))
            )?;
        }
        for (id, kind) in &score.missed {
            writeln!(text, "missed {id} {kind}")?;
        }
        for page in &score.false_pages {
            let at = jiff::Timestamp::from_millisecond(page.at)
                .map_or_else(|_| page.at.to_string(), |at| at.to_string());
            let during = page.during.as_deref().unwrap_or("nothing");
            writeln!(text, "false  {at} {} {} during {during}", page.partner, page.rule)?;
        }
        Ok(text)
    }
}

fn minutes(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} min", ms as f64 / 60_000.0))
}
