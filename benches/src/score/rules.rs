//! The context of a corpus as a rules file, so that a backtest knows it too. The file has no rules, so the
//! default pack applies.

use std::fmt::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::corpus::Context;
use crate::Failure;

/// Time zones of the countries that corpora name: that of the capital or of the largest city.
const TIME_ZONES: [(&str, &str); 8] = [
    ("DE", "Europe/Berlin"),
    ("ES", "Europe/Madrid"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("PL", "Europe/Warsaw"),
    ("US", "America/New_York"),
];

/// Partners, maintenance and holidays as a rules file.
///
/// # Errors
/// A time is outside the calendar.
pub fn rules_yaml(context: &Context) -> Result<String, Failure> {
    let mut text = String::from("partners:\n");
    for partner in &context.partners {
        let (name, country) = (&partner.name, &partner.country);
        let kind = name.split('-').next().unwrap_or(name);
        write!(text, "  - {{ name: {name}, kind: {kind}, country: {country}")?;
        if let Some((_, zone)) = TIME_ZONES.iter().find(|(of, _)| of == country) {
            write!(text, ", time_zone: {zone}")?;
        }
        text.push_str(" }\n");
    }
    list(&mut text, "maintenance", &context.maintenance, |text, announced| {
        let (start, end) = (time(announced.start)?, time(announced.end)?);
        let partner = &announced.partner;
        writeln!(
            text,
            "  - {{ match: {{ partner: {partner} }}, start: {start}, end: {end}, \
             author: {partner}, reason: announced }}"
        )
        .map_err(Into::into)
    })?;
    list(&mut text, "holidays", &context.holidays, |text, holiday| {
        // The middle of the day has the same date in UTC as in any zone within half a day of it.
        let middle = time(holiday.start.midpoint(holiday.end))?;
        let date = middle.to_zoned(TimeZone::UTC).date();
        writeln!(text, "  - {{ country: {}, date: {date} }}", holiday.country).map_err(Into::into)
    })?;
    Ok(text)
}

fn list<T>(
    text: &mut String,
    name: &str,
    entries: &[T],
    entry: impl Fn(&mut String, &T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(text, "{name}:").map_err(|error: fmt::Error| error.to_string())?;
    entries.iter().try_for_each(|one| entry(text, one))
}

fn time(seconds: i64) -> Result<Timestamp, jiff::Error> {
    Timestamp::from_second(seconds)
}

#[cfg(test)]
mod tests;
