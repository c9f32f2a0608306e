//! Interned strings: each text has one number while a stream uses it.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::index::Symbol;

/// Interned strings. The number of a text that is removed is given to another.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// Empty where a text was removed.
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Symbol, RandomState>,
    free: Vec<Symbol>,
}

impl Symbols {
    pub(super) fn get(&self, text: &str) -> Option<Symbol> {
        self.numbers.get(text).copied()
    }

    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        if let Some(number) = self.get(text) {
            return number;
        }
        let text: Arc<str> = text.into();
        let number = self.free.pop().unwrap_or(self.texts.len() as Symbol);
        match self.texts.get_mut(number as usize) {
            Some(place) => *place = Arc::clone(&text),
            None => self.texts.push(Arc::clone(&text)),
        }
        self.numbers.insert(text, number);
        number
    }

    /// Removes a text that no stream uses.
    pub(super) fn remove(&mut self, symbol: Symbol) {
        let Some(place) = self.texts.get_mut(symbol as usize) else { return };
        let text = std::mem::take(place);
        if self.numbers.remove(&text).is_some() {
            self.free.push(symbol);
        }
    }

    pub(super) fn text(&self, symbol: Symbol) -> &str {
        self.texts.get(symbol as usize).map_or("", AsRef::as_ref)
    }

    /// Bytes in memory, approximately.
    pub(super) fn size_bytes(&self) -> usize {
        // Each text has two counters before it.
        let texts: usize = self.texts.iter().map(|text| text.len() + 2 * size_of::<usize>()).sum();
        let entry = size_of::<(Arc<str>, Symbol)>() + 1;
        texts + self.texts.capacity() * size_of::<Arc<str>>() + self.numbers.capacity() * entry
    }
}
