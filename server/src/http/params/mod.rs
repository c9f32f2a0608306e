//! Query parameters. Each is declared once, in the file of the handler that reads it; those that many calls
//! share are declared in [`labels`] and [`grid`].

pub(crate) mod declare;
pub(crate) mod grid;
pub(crate) mod kind;
pub(crate) mod labels;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use self::declare::{Query, Read};
use self::kind::Kind;
use crate::access::Caller;
use crate::error::ApiError;
use crate::wire::excerpt;

/// Parameters that a request may have.
const PARAMETERS_MAX: usize = 1_000;

/// The query string of a request. Parameters are taken out of it one by one; what is left at the end is
/// unknown.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    caller: Caller,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let params = Self::new(parts.uri.query())?;
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Self { caller: caller.unwrap_or(Caller::Anyone), ..params })
    }
}

impl Params {
    /// Splits a query string.
    ///
    /// # Errors
    /// 400 when it has too many parameters.
    pub(crate) fn new(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        if let Some((first, _)) = pairs.first().filter(|_| pairs.len() > PARAMETERS_MAX) {
            let detail =
                format!("and others come {} times, the limit is {PARAMETERS_MAX}", pairs.len());
            return Err(ApiError::parameter(&excerpt(first), detail));
        }
        Ok(Self { pairs, known: Vec::new(), caller: Caller::Anyone })
    }

    /// Who asks.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Reads a parameter.
    ///
    /// # Errors
    /// 400 naming the parameter when a value is wrong or there are too many.
    pub(crate) fn read<P: Read>(&mut self, parameter: &P) -> Result<P::Output, ApiError> {
        parameter.read(self)
    }

    /// Reads a parameter that is repeated or has commas, at most `count_max` values of it.
    ///
    /// # Errors
    /// 400 naming the parameter when a value is wrong or there are too many.
    pub(crate) fn list<K: Kind>(
        &mut self,
        query: &Query<K>,
        count_max: usize,
    ) -> Result<Vec<K::Value>, ApiError> {
        let given = self.take(query.name);
        let values: Vec<&str> = given.iter().flat_map(|value| value.split(',')).collect();
        if values.len() > count_max {
            let detail = format!("has {} values, the limit is {count_max}", values.len());
            return Err(ApiError::parameter(query.name, detail));
        }
        let values = values.into_iter().map(|value| query.kind.read(value));
        values.collect::<Result<_, _>>().map_err(|detail| ApiError::parameter(query.name, detail))
    }

    /// Takes every value of a parameter as it was sent.
    pub(crate) fn take(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let taken = self.pairs.extract_if(.., |(key, _)| key == name);
        taken.map(|(_, value)| value).collect()
    }

    /// Rejects a parameter that has no meaning together with what else is asked for.
    ///
    /// # Errors
    /// 400 naming the parameter when it is given.
    pub(crate) fn reject<P: Read>(&self, parameter: &P, because: &str) -> Result<(), ApiError> {
        let name = parameter.name();
        if self.has(name) { Err(ApiError::parameter(name, because)) } else { Ok(()) }
    }

    /// Whether no parameter is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether a parameter is given and not yet taken.
    fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// Rejects parameters that the call does not have.
    ///
    /// # Errors
    /// 400 naming the first of them.
    pub(crate) fn end(self) -> Result<(), ApiError> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => {
                let known = match self.known.as_slice() {
                    [] => "the call takes none".to_owned(),
                    known => format!("known are {}", known.join(", ")),
                };
                let detail = format!("is not known here; {known}");
                Err(ApiError::parameter(&excerpt(name), detail))
            }
        }
    }
}
