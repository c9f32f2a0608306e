//! Parameters of a request, read from the query string; each is refused by name when it is wrong.

pub(crate) mod declare;
pub(crate) mod grid;
pub(crate) mod matcher;
pub(crate) mod question;

use std::ops::RangeInclusive;

use plimsoll_storage::TimestampMs;

use crate::error::ApiError;
use crate::wire::push::truncated;
use crate::wire::time;

/// Parameters a request may have; beyond it somebody plays.
const PARAMETERS_MAX: usize = 1_000;

/// The parameters of a request, taken one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Params {
    pub(crate) fn new(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        if pairs.len() > PARAMETERS_MAX {
            let detail =
                format!("and others come {} times, the limit is {PARAMETERS_MAX}", pairs.len());
            return Err(ApiError::parameter(&truncated(&pairs[0].0), detail));
        }
        Ok(Self { pairs, known: Vec::new() })
    }

    /// Every value of a parameter.
    pub(crate) fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (taken, left) =
            std::mem::take(&mut self.pairs).into_iter().partition(|(key, _)| key == name);
        self.pairs = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Every value of a parameter that is repeated or takes commas; at most `count_max` of them.
    pub(crate) fn list(
        &mut self,
        name: &'static str,
        count_max: usize,
    ) -> Result<Vec<String>, ApiError> {
        let values: Vec<String> =
            self.all(name).iter().flat_map(|value| value.split(',')).map(str::to_owned).collect();
        if values.len() > count_max {
            let detail = format!("has {} values, the limit is {count_max}", values.len());
            return Err(ApiError::parameter(name, detail));
        }
        Ok(values)
    }

    /// The value of a parameter that comes at most once.
    pub(crate) fn one(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        let mut values = self.all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            count => {
                Err(ApiError::parameter(name, format!("comes {count} times, it takes one value")))
            }
        }
    }

    pub(crate) fn time(&mut self, name: &'static str) -> Result<Option<TimestampMs>, ApiError> {
        let parse = |text: String| {
            let wanted = "RFC 3339 (2026-11-20T19:04:40Z) or epoch milliseconds";
            time::parse(&text).ok_or_else(|| refused(name, &text, wanted))
        };
        self.one(name)?.map(parse).transpose()
    }

    pub(crate) fn duration_ms(&mut self, name: &'static str) -> Result<Option<i64>, ApiError> {
        self.one(name)?.map(|text| duration_ms(name, &text)).transpose()
    }

    /// A whole number within a range.
    pub(crate) fn number(
        &mut self,
        name: &'static str,
        range: &RangeInclusive<usize>,
    ) -> Result<Option<usize>, ApiError> {
        let parse = |text: String| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            let wanted = || format!("{} to {}", range.start(), range.end());
            number.ok_or_else(|| refused(name, &text, &wanted()))
        };
        self.one(name)?.map(parse).transpose()
    }

    /// One of a few names, each of which stands for something.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ApiError> {
        let parse = |text: String| {
            let found = choices.iter().find(|(choice, _)| *choice == text);
            let names = || choices.iter().map(|(choice, _)| *choice).collect::<Vec<_>>().join(", ");
            found.map(|(_, what)| *what).ok_or_else(|| refused(name, &text, &names()))
        };
        self.one(name)?.map(parse).transpose()
    }

    /// Refuses a parameter that says nothing here, because of what other parameters say.
    pub(crate) fn refuse(&self, name: &str, because: &str) -> Result<(), ApiError> {
        let is_given = self.pairs.iter().any(|(key, _)| key == name);
        if is_given { Err(ApiError::parameter(name, because)) } else { Ok(()) }
    }

    /// Refuses what no question has taken.
    pub(crate) fn end(self) -> Result<(), ApiError> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => {
                let known = match self.known.as_slice() {
                    [] => "the call takes none".to_owned(),
                    known => format!("known are {}", known.join(", ")),
                };
                let detail = format!("is not known here; {known}");
                Err(ApiError::parameter(&truncated(name), detail))
            }
        }
    }
}

/// A parameter has a value that it does not take.
pub(crate) fn refused(name: &str, given: &str, wanted: &str) -> ApiError {
    ApiError::parameter(name, format!("is {:?}; use {wanted}", truncated(given)))
}

pub(crate) fn duration_ms(name: &str, text: &str) -> Result<i64, ApiError> {
    time::parse_duration_ms(text)
        .ok_or_else(|| refused(name, text, "a duration such as 30s, 5m or 2h"))
}
