//! The labels that name a group of streams, and with it an alert.

use std::sync::Arc;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use plimsoll_storage::Label;
use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// The environment of drills. Every rule evaluates its streams apart from all others, for whichever
/// environment the rule is written, in groups with this label. Their alerts are muted.
pub const SANDBOX: &str = "sandbox";
/// The environment of what reports none, and the one that is asked about unless another is named.
pub const PRODUCTION: &str = "production";

/// Label values in the order of [`Label`], each label at most once. A clone shares the values.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupLabels(Arc<[(Label, Box<str>)]>);

impl GroupLabels {
    /// Sorts the labels; of several values for one label the first is kept.
    pub fn new(labels: impl IntoIterator<Item = (Label, String)>) -> Self {
        let mut labels: Vec<_> = labels.into_iter().collect();
        labels.sort_by_key(|(label, _)| *label);
        labels.dedup_by_key(|(label, _)| *label);
        Self(labels.into_iter().map(|(label, value)| (label, value.into())).collect())
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, label: Label) -> Option<&str> {
        self.0.iter().find(|(held, _)| *held == label).map(|(_, value)| &**value)
    }

    /// Whether they are those of a group of the sandbox.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.get(Label::Environment) == Some(SANDBOX)
    }

    /// Whether they are those of a group by these labels. A group of the sandbox has its environment as well.
    pub(crate) fn are_by(&self, by: &[Label]) -> bool {
        let own = || self.iter().map(|(label, _)| label);
        let by = || by.iter().copied();
        let on_top = |label: &Label| *label != Label::Environment;
        own().eq(by()) || self.is_sandbox() && own().filter(on_top).eq(by())
    }

    /// The labels of the group by these labels that contains them; `None` when one is missing.
    pub(crate) fn within(&self, by: &[Label]) -> Option<Self> {
        let value = |label: &Label| Some((*label, self.get(*label)?.to_owned()));
        let own: Option<Vec<_>> = by.iter().map(value).collect();
        let on_top = self.is_sandbox().then(|| (Label::Environment, SANDBOX.to_owned()));
        Some(Self::new(own?.into_iter().chain(on_top)))
    }

    /// Labels with their values, in the order of [`Label`].
    pub fn iter(&self) -> impl Iterator<Item = (Label, &str)> {
        self.0.iter().map(|(label, value)| (*label, &**value))
    }

    /// The values alone, joined for display: `dhl / ams1`; `all` when there are none.
    #[must_use]
    pub fn title(&self) -> String {
        let values: Vec<&str> =
            self.iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect();
        if values.is_empty() { "all".to_owned() } else { values.join(" / ") }
    }

    /// A hash of rule and labels. It is unambiguous, because no name or value contains a zero byte.
    pub(crate) fn digest(&self, rule: &str) -> Sha256 {
        let mut hash = Sha256::new();
        hash.update(rule.as_bytes());
        for (label, value) in self.iter() {
            hash.update([0]);
            hash.update(label.as_str().as_bytes());
            hash.update([0]);
            hash.update(value.as_bytes());
        }
        hash
    }

    /// The key by which receivers join messages: 64 hex digits over rule and labels, the same for every
    /// alert of that rule and group.
    #[must_use]
    pub fn dedup_key(&self, rule: &str) -> String {
        hex(&self.digest(rule).finalize())
    }
}

impl Encode for GroupLabels {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let rows: Vec<(u8, &str)> =
            self.iter().map(|(label, value)| (label as u8, value)).collect();
        rows.encode(encoder)
    }
}

impl<Context> Decode<Context> for GroupLabels {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let rows = Vec::<(u8, String)>::decode(decoder)?;
        let labels = rows.into_iter().map(|(number, value)| {
            let label = Label::ALL.get(usize::from(number)).copied();
            label.map(|label| (label, value)).ok_or(DecodeError::Other("unknown label number"))
        });
        labels.collect::<Result<Vec<_>, _>>().map(Self::new)
    }
}

bincode::impl_borrow_decode!(GroupLabels);

#[cfg(test)]
mod tests;
