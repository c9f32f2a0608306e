//! From system calls to changes of one directory.

use super::{Change, Kind, Name, Open, Recorder};
use crate::trace::{Call, Traced};

impl Recorder<'_> {
    /// Adds a call, unless it concerns other files.
    pub(super) fn add(&mut self, traced: Traced) {
        let Traced { begin, end, call } = traced;
        match call {
            Call::Open { path, creates, truncates, fd } => {
                let opened = self.open_path(&path, creates, truncates, (begin, end));
                match opened {
                    Some(opened) => self.open.insert(fd, opened),
                    None => self.open.remove(&fd),
                };
            }
            Call::Close { fd } => {
                self.open.remove(&fd);
            }
            Call::Start => self.open.clear(),
            other => {
                for kind in self.kinds(other) {
                    self.changes.push(Change { begin, end, kind });
                }
            }
        }
    }

    /// What a call changes.
    fn kinds(&mut self, call: Call) -> Vec<Kind> {
        let name = |name| vec![Kind::Name(name)];
        match call {
            Call::Write { fd, bytes } => self.write(fd, None, bytes),
            Call::WriteAt { fd, at, bytes } => self.write(fd, Some(at as usize), bytes),
            Call::Resize { fd, length } => match self.open.get(&fd) {
                Some(Open::File { file, .. }) => {
                    vec![Kind::Resize { file: *file, length: length as usize }]
                }
                _ => Vec::new(),
            },
            Call::Sync { fd } => match self.open.get(&fd) {
                Some(Open::File { file, .. }) => vec![Kind::SyncFile { file: *file }],
                Some(Open::Dir(dir)) => vec![Kind::SyncDir { dir: dir.clone() }],
                Some(Open::Marks) | None => Vec::new(),
            },
            Call::Rename { from, to } => match (self.below(&from), self.below(&to)) {
                (Some(from), Some(to)) => {
                    let rename = Name::Rename { from, to };
                    super::apply_name(&mut self.names, &rename);
                    name(rename)
                }
                _ => Vec::new(),
            },
            Call::Link { from, to } => {
                let file = self.below(&from).and_then(|from| self.names.get(&from).copied());
                match (file, self.below(&to)) {
                    (Some(file), Some(path)) => {
                        self.names.insert(path.clone(), file);
                        name(Name::Set { path, file })
                    }
                    _ => Vec::new(),
                }
            }
            Call::Unlink { path } => match self.below(&path) {
                Some(path) => {
                    self.names.remove(&path);
                    name(Name::Remove { path })
                }
                None => Vec::new(),
            },
            // A directory is there as soon as a file is.
            Call::MakeDir { .. }
            | Call::RemoveDir { .. }
            | Call::Open { .. }
            | Call::Close { .. }
            | Call::Start => Vec::new(),
        }
    }

    fn open_path(
        &mut self,
        path: &str,
        creates: bool,
        truncates: bool,
        (begin, end): (usize, usize),
    ) -> Option<Open> {
        if path == self.marks {
            return Some(Open::Marks);
        }
        let path = self.below(path)?;
        if let Some(file) = self.names.get(&path).copied() {
            if truncates {
                let kind = Kind::Resize { file, length: 0 };
                self.changes.push(Change { begin, end, kind });
            }
            return Some(Open::File { file, position: 0 });
        }
        if !creates {
            return Some(Open::Dir(path));
        }
        let file = self.files;
        self.files += 1;
        self.names.insert(path.clone(), file);
        let kind = Kind::Name(Name::Set { path, file });
        self.changes.push(Change { begin, end, kind });
        Some(Open::File { file, position: 0 })
    }

    fn write(&mut self, fd: i64, at: Option<usize>, bytes: Vec<u8>) -> Vec<Kind> {
        match self.open.get_mut(&fd) {
            Some(Open::File { file, position }) => {
                let start = at.unwrap_or(*position);
                if at.is_none() {
                    *position += bytes.len();
                }
                vec![Kind::Write { file: *file, at: start, bytes }]
            }
            Some(Open::Marks) => {
                let text = String::from_utf8_lossy(&bytes);
                text.lines().map(|line| Kind::Mark(line.to_owned())).collect()
            }
            Some(Open::Dir(_)) | None => Vec::new(),
        }
    }

    /// The path below the directory; empty for the directory itself.
    fn below(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(self.root)?;
        if rest.is_empty() {
            return Some(String::new());
        }
        // RocksDB joins the names of folders and files with several slashes at times.
        let parts = rest.strip_prefix('/')?.split('/').filter(|part| !part.is_empty());
        Some(parts.collect::<Vec<_>>().join("/"))
    }
}
