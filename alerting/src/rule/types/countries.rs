//! Countries and the time zones in them.

use jiff::civil::date;
use jiff::tz::TimeZone;

/// Lines of a country code and its zones, the one that most people live in first; see its head.
const ZONES: &str = include_str!("countries/zones.txt");

/// The code of a country in capitals, as ISO 3166-1 has it; `None` when there is no such country.
pub(in crate::rule) fn country(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_uppercase();
    zones(&code).is_some().then_some(code)
}

/// The zone that most people of a country live in.
pub(in crate::rule) fn main_zone(country: &str) -> Option<&'static str> {
    zones(country)?.next()
}

/// Whether clocks differ between zones of a country, in summer or in winter.
pub(crate) fn has_several_clocks(country: &str) -> bool {
    let clocks = |name: &str| {
        let zone = TimeZone::get(name).ok()?;
        let offset = |month| {
            let noon = date(2026, month, 15).at(12, 0, 0, 0).to_zoned(zone.clone()).ok()?;
            Some(noon.offset())
        };
        Some((offset(1)?, offset(7)?))
    };
    let mut all = zones(country).into_iter().flatten().filter_map(clocks);
    let first = all.next();
    all.any(|clocks| Some(clocks) != first)
}

/// The zones of a country.
fn zones(country: &str) -> Option<impl Iterator<Item = &'static str> + use<>> {
    let mut lines = ZONES.lines().filter(|line| !line.starts_with('#'));
    let line = lines.find(|line| line.split(' ').next() == Some(country))?;
    Some(line.split(' ').skip(1))
}

#[cfg(test)]
mod tests;
