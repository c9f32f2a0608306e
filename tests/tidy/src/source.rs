//! Reads the sources of the repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A Rust source file.
#[derive(Debug)]
pub struct RustFile {
    /// From the root of the repository, with `/` between folders.
    pub path: String,
    /// The text.
    pub text: String,
    /// The text, parsed.
    pub syntax: syn::File,
}

/// Any other text file that a rule reads.
#[derive(Debug)]
pub struct TextFile {
    /// From the root of the repository, with `/` between folders.
    pub path: String,
    /// The text.
    pub text: String,
}

/// All files that the rules read.
#[derive(Debug, Default)]
pub struct Sources {
    /// Rust files, in the order of paths.
    pub rust: Vec<RustFile>,
    /// Markdown files, in the order of paths.
    pub markdown: Vec<TextFile>,
    /// Other files named by a rule, such as `fuzz/Cargo.toml`.
    pub other: Vec<TextFile>,
}

/// Files that are neither Rust nor Markdown and that a rule reads.
const OTHER: &[&str] = &["fuzz/Cargo.toml", "scripts/fuzz.sh"];

/// Folders that hold no sources of the project.
const SKIPPED: &[&str] = &["target", "node_modules", "data", "corpus", "artifacts"];

impl Sources {
    /// Reads the repository at `root`.
    ///
    /// # Errors
    /// When a file cannot be read, or a Rust file cannot be parsed.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        walk(root, &mut paths)?;
        paths.sort();
        let mut sources = Self::default();
        for path in paths {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let is_rust = name.ends_with(".rs");
            if is_rust || name.ends_with(".md") || OTHER.contains(&name.as_str()) {
                sources.add(name, fs::read_to_string(&path)?)?;
            }
        }
        Ok(sources)
    }

    /// Sources made of texts, for tests of the rules.
    ///
    /// # Errors
    /// When a Rust file cannot be parsed.
    pub fn of(files: &[(&str, &str)]) -> io::Result<Self> {
        let mut sources = Self::default();
        for (path, text) in files {
            sources.add((*path).to_owned(), (*text).to_owned())?;
        }
        Ok(sources)
    }

    /// Adds a file, or replaces the one of the same path.
    ///
    /// # Errors
    /// When it is a Rust file that cannot be parsed.
    pub fn add(&mut self, path: String, text: String) -> io::Result<()> {
        if path.ends_with(".rs") {
            let syntax = syn::parse_file(&text)
                .map_err(|error| io::Error::other(format!("{path} cannot be parsed: {error}")))?;
            self.rust.retain(|file| file.path != path);
            self.rust.push(RustFile { path, text, syntax });
        } else {
            let files = if path.ends_with(".md") { &mut self.markdown } else { &mut self.other };
            files.retain(|file| file.path != path);
            files.push(TextFile { path, text });
        }
        Ok(())
    }
}

impl RustFile {
    /// The folder of the crate, such as `storage`.
    #[must_use]
    pub fn crate_folder(&self) -> &str {
        let end = self.path.find("/src/").or_else(|| self.path.find('/'));
        end.map_or(self.path.as_str(), |end| &self.path[..end])
    }

    /// The modules that lead to the file from the root of its crate; `None` outside `src`.
    #[must_use]
    pub fn module(&self) -> Option<Vec<&str>> {
        let (_, within) = self.path.split_once("/src/")?;
        let mut names: Vec<&str> = within.trim_end_matches(".rs").split('/').collect();
        let is_root = names.len() == 1 && matches!(names[0], "lib" | "main");
        if is_root || names.last() == Some(&"mod") {
            names.pop();
        }
        Some(names)
    }

    /// Whether the file holds only tests or benchmarks.
    #[must_use]
    pub fn is_test(&self) -> bool {
        let mut folders: Vec<&str> = self.path.split('/').collect();
        let name = folders.pop();
        let is_apart = |folder: &&str| matches!(*folder, "tests" | "benches" | "fuzz");
        name == Some("tests.rs") || folders.iter().any(is_apart)
    }
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            walk(&entry.path(), paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}
