//! How a parameter is declared: name, kind, example and description, once, in the file of the handler that
//! reads it. [`Params::read`] reads a parameter by its declaration, and `/openapi.json` describes it by the
//! same.

use serde_json::{Value, json};

use super::Params;
use super::kind::Kind;
use crate::error::ApiError;

/// Values that a repeated parameter may have.
const VALUES_MAX: usize = 32;

/// A parameter of the query string that comes at most once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<K> {
    pub(crate) name: &'static str,
    pub(crate) kind: K,
    /// A value that it takes.
    example: &'static str,
    about: &'static str,
    /// What else a request must have for it, as part of a query string.
    needs: &'static str,
}

/// A parameter that may be repeated or have several values with commas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeated<K>(Query<K>);

/// A parameter with a value for requests that leave it out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WithDefault<K: Kind> {
    query: Query<K>,
    default: K::Value,
}

impl<K: Kind + Copy> Query<K> {
    pub(crate) const fn new(
        name: &'static str,
        kind: K,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self { name, kind, example, about, needs: "" }
    }

    /// The parameter is an error without other parameters.
    pub(crate) const fn needs(self, needs: &'static str) -> Self {
        Self { needs, ..self }
    }

    pub(crate) const fn repeated(self) -> Repeated<K> {
        Repeated(self)
    }

    /// The value when a request leaves it out.
    pub(crate) const fn or(self, default: K::Value) -> WithDefault<K> {
        WithDefault { query: self, default }
    }
}

impl<K: Kind + Copy> Repeated<K> {
    /// The same parameter where it is an error without other parameters.
    pub(crate) const fn needs(self, needs: &'static str) -> Self {
        Self(self.0.needs(needs))
    }
}

impl<K: Kind + Copy> WithDefault<K> {
    /// The same parameter where it is an error without other parameters.
    pub(crate) fn needs(self, needs: &'static str) -> Self {
        Self { query: self.query.needs(needs), ..self }
    }
}

/// A parameter that can be read from a query string.
pub(crate) trait Read {
    /// What it is read as.
    type Output;

    /// Its name.
    fn name(&self) -> &'static str;

    /// Reads it.
    ///
    /// # Errors
    /// 400 naming the parameter when a value is wrong or there are too many.
    fn read(&self, params: &mut Params) -> Result<Self::Output, ApiError>;
}

impl<K: Kind> Read for Query<K> {
    type Output = Option<K::Value>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&self, params: &mut Params) -> Result<Self::Output, ApiError> {
        let values = params.take(self.name);
        match values.as_slice() {
            [] => Ok(None),
            [value] => {
                let read = self.kind.read(value);
                read.map(Some).map_err(|detail| ApiError::parameter(self.name, detail))
            }
            several => {
                let detail = format!("comes {} times, it takes one value", several.len());
                Err(ApiError::parameter(self.name, detail))
            }
        }
    }
}

impl<K: Kind> Read for Repeated<K> {
    type Output = Vec<K::Value>;

    fn name(&self) -> &'static str {
        self.0.name
    }

    fn read(&self, params: &mut Params) -> Result<Self::Output, ApiError> {
        params.list(&self.0, VALUES_MAX)
    }
}

impl<K: Kind<Value: Copy>> Read for WithDefault<K> {
    type Output = K::Value;

    fn name(&self) -> &'static str {
        self.query.name
    }

    fn read(&self, params: &mut Params) -> Result<Self::Output, ApiError> {
        Ok(self.query.read(params)?.unwrap_or(self.default))
    }
}

/// A parameter of the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InPath {
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
    pub(crate) about: &'static str,
}

/// A parameter as `/openapi.json` describes it.
#[derive(Debug, Clone)]
pub(crate) struct ParameterDescription {
    pub(crate) name: &'static str,
    pub(crate) is_in_query: bool,
    pub(crate) about: &'static str,
    /// The JSON Schema of its value or, when it is repeated, of all its values.
    pub(crate) schema: Value,
    pub(crate) example: &'static str,
    pub(crate) needs: &'static str,
    /// Whether it selects streams, of which a key for some partners sees its own only.
    pub(crate) selects_streams: bool,
}

/// A parameter or a group of them.
pub(crate) trait Declared {
    /// Adds the description of each.
    fn describe(&self, all: &mut Vec<ParameterDescription>);
}

impl<K: Kind> Query<K> {
    fn described_as(&self, schema: Value) -> ParameterDescription {
        let Self { name, example, about, needs, .. } = *self;
        let selects_streams = false;
        ParameterDescription {
            name,
            is_in_query: true,
            about,
            schema,
            example,
            needs,
            selects_streams,
        }
    }
}

impl<K: Kind> Declared for Query<K> {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        all.push(self.described_as(self.kind.schema()));
    }
}

impl<K: Kind> Declared for Repeated<K> {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        let schema = json!({"type": "array", "items": self.0.kind.schema()});
        all.push(self.0.described_as(schema));
    }
}

impl<K: Kind> Declared for WithDefault<K> {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        self.query.describe(all);
    }
}

impl Declared for InPath {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        let Self { name, example, about } = *self;
        let schema = json!({"type": "string"});
        all.push(ParameterDescription {
            name,
            is_in_query: false,
            about,
            schema,
            example,
            needs: "",
            selects_streams: false,
        });
    }
}

impl<D: Declared + ?Sized> Declared for &D {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        (**self).describe(all);
    }
}

impl<D: Declared, const N: usize> Declared for [D; N] {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        self.iter().for_each(|one| one.describe(all));
    }
}
