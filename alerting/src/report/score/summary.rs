//! A score as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Score;

impl Score {
    /// The measures, one line each.
    ///
    /// # Errors
    /// Never: text is written into memory.
    pub fn summary(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let mut row = |name: &str, value: String| writeln!(text, "{name:<28} {value}");
        let (found, must) = (self.found.len(), self.found.len() + self.missed.len());
        let pages: usize = self.found.iter().map(|found| found.notifications).sum();
        let most = self.found.iter().map(|found| found.notifications).max().unwrap_or(0);
        row("page recall", format!("{} ({found} of {must})", share(self.recall())))?;
        row(
            "precision",
            format!(
                "{} ({} true, {} false, {} neutral pages)",
                share(self.precision()),
                self.true_notifications,
                self.false_notifications.len(),
                self.neutral_notifications
            ),
        )?;
        row("time to detect, median", minutes(self.detected_after_ms(0.5)))?;
        row("time to detect, p95", minutes(self.detected_after_ms(0.95)))?;
        row(
            "pages per incident",
            match found {
                0 => "-".to_owned(),
                _ => format!("{:.2}, at most {most}", pages as f64 / found as f64),
            },
        )?;
        row(
            "false pages a partner-week",
            format!(
                "{:.4}",
                self.false_notifications.len() as f64 / self.partner_weeks.max(f64::MIN_POSITIVE)
            ),
        )?;
        row(
            "flaps a fortnight",
            format!("{:.1}", self.flaps as f64 / self.weeks.max(f64::MIN_POSITIVE) * 2.0),
        )?;
        row("resolve lag, median", minutes(self.resolve_lag_ms()))?;
        row("warnings found", format!("{} of {}", self.warnings.0, self.warnings.1))?;
        Ok(text)
    }

    /// Incidents by kind, missed incidents, and false notifications.
    ///
    /// # Errors
    /// Never: text is written into memory.
    pub fn details(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::from("\nkind                 found   slowest   pages\n");
        let mut kinds: BTreeMap<&str, (usize, usize, i64, usize)> = BTreeMap::new();
        for found in &self.found {
            let (count, all, slowest, pages) = kinds.entry(&found.kind).or_default();
            (*count, *all, *pages) = (*count + 1, *all + 1, *pages + found.notifications);
            *slowest = found.detected_after_ms.max(*slowest);
        }
        for (_, kind) in &self.missed {
            kinds.entry(kind).or_default().1 += 1;
        }
        for (kind, (count, all, slowest, pages)) in kinds {
            writeln!(
                text,
                "{kind:<20} {count:>2}/{all:<2} {:>9} {pages:>7}",
                minutes(Some(slowest))
            )?;
        }
        for (id, kind) in &self.missed {
            writeln!(text, "missed {id} {kind}")?;
        }
        for notification in &self.false_notifications {
            let at = jiff::Timestamp::from_millisecond(notification.at)
                .map_or_else(|_| notification.at.to_string(), |at| at.to_string());
            let during = notification.during.as_deref().unwrap_or("nothing");
            writeln!(
                text,
                "false  {at} {} {} during {during}",
                notification.partner, notification.rule
            )?;
        }
        Ok(text)
    }
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

fn minutes(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} min", ms as f64 / 60_000.0))
}
