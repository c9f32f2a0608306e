//! In which entry and field of a rules file a place lies.

use granit_parser::{Event, Parser, Span};

/// What lies at a place of the file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Located {
    /// The section, such as `rules`; empty outside the sections.
    pub(super) section: String,
    /// Its entry, such as ``rule `partner-5xx` ``; the section where it has no entries.
    pub(super) entry: String,
    /// The field of the entry, such as `signal.ratio`; empty when the place is in no field.
    pub(super) field: String,
    /// The field of the entry before the place, when a key stands at the place.
    pub(super) before: Option<String>,
    /// The value at the place, when it is neither a list nor a mapping.
    pub(super) value: Option<String>,
}

/// A list or mapping that is open.
#[derive(Debug)]
enum Open {
    /// A list with so many items that have begun.
    List(usize),
    /// A mapping with the key whose value is next or open.
    Mapping(Option<String>),
}

/// Where the reading stands.
#[derive(Debug, Default)]
struct Path {
    open: Vec<Open>,
    /// The field `name` of the entry that is open, when it has been read.
    name: Option<String>,
    /// The field of the entry whose value was read last.
    before: Option<String>,
    found: Option<Located>,
    /// The number of the entry with the place, from 1.
    number: usize,
    /// Whether the text could not be read to the end of the entry, so that it may have a name.
    is_cut: bool,
}

/// Kinds of entries that have names.
const NAMED: [&str; 3] = ["receiver", "rule", "partner"];
/// How many lists and mappings are open in an entry: the file, its section, the entry.
const ENTRY_DEPTH: usize = 3;

/// What lies at a place, line and column counted from 1. A text that is no YAML is read up to its mistake.
pub(super) fn locate(text: &str, line: u64, column: u64) -> Located {
    let mut path = Path::default();
    let begins = |span: &Span| (span.start.line() as u64, span.start.col() as u64 + 1);
    for next in Parser::new_from_str(text) {
        let Ok((event, span)) = next else {
            path.is_cut = true;
            break;
        };
        if path.found.is_none() && begins(&span) >= (line, column) && event.is_node() {
            let value = match &event {
                Event::Scalar(text, ..) if begins(&span) == (line, column) => Some(text.as_ref()),
                _ => None,
            };
            path.find(value);
        }
        path.add(&event);
        if path.found.is_some() && path.open.len() < ENTRY_DEPTH {
            break;
        }
    }
    path.finish()
}

impl Path {
    /// The place is reached.
    fn find(&mut self, value: Option<&str>) {
        let keys = self.open.iter().filter_map(|open| match open {
            Open::Mapping(key) => key.as_deref(),
            Open::List(_) => None,
        });
        let keys: Vec<&str> = keys.collect();
        let is_key = matches!(self.open.last(), Some(Open::Mapping(None)));
        if let Some(Open::List(items)) = self.open.get(1) {
            // The entry that begins at the place is not counted yet.
            self.number = items + usize::from(self.open.len() < ENTRY_DEPTH);
        }
        self.found = Some(Located {
            section: keys.first().copied().unwrap_or_default().to_owned(),
            entry: String::new(),
            before: self.before.clone().filter(|_| is_key && self.open.len() == ENTRY_DEPTH),
            field: keys.get(1..).unwrap_or_default().join("."),
            value: value.filter(|_| !is_key).map(str::to_owned),
        });
    }

    fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Scalar(text, ..) => self.add_scalar(text),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.add_scalar(""),
            Event::SequenceStart(..) => self.begin(Open::List(0)),
            Event::MappingStart(..) => self.begin(Open::Mapping(None)),
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                self.end_value();
                if self.found.is_none() && self.open.len() < ENTRY_DEPTH {
                    self.name = None;
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, open: Open) {
        if let Some(Open::List(items)) = self.open.last_mut() {
            *items += 1;
        }
        self.open.push(open);
        if self.open.len() == ENTRY_DEPTH {
            (self.name, self.before) = (None, None);
        }
    }

    fn add_scalar(&mut self, text: &str) {
        let is_entry = self.open.len() == ENTRY_DEPTH;
        match self.open.last_mut() {
            Some(Open::List(items)) => *items += 1,
            Some(Open::Mapping(key)) if key.is_none() => *key = Some(text.to_owned()),
            Some(Open::Mapping(key)) => {
                // Nothing is read as `~`.
                if is_entry && key.as_deref() == Some("name") && !matches!(text, "" | "~") {
                    self.name = Some(text.to_owned());
                }
                let ended = key.take();
                if is_entry {
                    self.before = ended;
                }
            }
            None => {}
        }
    }

    fn end_value(&mut self) {
        let is_entry = self.open.len() == ENTRY_DEPTH;
        if let Some(Open::Mapping(key)) = self.open.last_mut() {
            let ended = key.take();
            if is_entry {
                self.before = ended;
            }
        }
    }

    fn finish(mut self) -> Located {
        if self.found.is_none() {
            self.find(None);
        }
        let mut found = self.found.unwrap_or_default();
        let kind = match found.section.as_str() {
            "receivers" => "receiver",
            "rules" => "rule",
            "partners" => "partner",
            "holidays" => "holiday",
            other => other,
        };
        found.entry = match (self.name, self.number) {
            _ if kind.is_empty() => String::new(),
            (Some(name), _) => format!("{kind} `{name}`"),
            (None, 0) => format!("`{}`", found.section),
            (None, number) if !self.is_cut && NAMED.contains(&kind) => {
                format!("{kind} {number} (without a name)")
            }
            (None, number) => format!("{kind} {number}"),
        };
        found
    }
}

#[cfg(test)]
mod tests;
