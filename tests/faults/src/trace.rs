//! Reads what `strace -f -xx` has written: the system calls that change files, in order.
//!
//! A call has a line where it begins and one where it ends, which are the same unless another thread made a
//! call meanwhile. A write counts from its end, and a sync covers the writes that ended before it began.

use std::collections::HashMap;

/// A call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The line where it begins.
    pub begin: usize,
    /// The line where it ends.
    pub end: usize,
    /// What it did.
    pub call: Call,
}

/// A system call that changes files or their names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the calls")]
pub enum Call {
    Open {
        path: String,
        creates: bool,
        truncates: bool,
        fd: i64,
    },
    Close {
        fd: i64,
    },
    Write {
        fd: i64,
        bytes: Vec<u8>,
    },
    WriteAt {
        fd: i64,
        at: u64,
        bytes: Vec<u8>,
    },
    Resize {
        fd: i64,
        length: u64,
    },
    Sync {
        fd: i64,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    Unlink {
        path: String,
    },
    MakeDir {
        path: String,
    },
    RemoveDir {
        path: String,
    },
    /// A process begins: the numbers of files are those of another process from here on.
    Start,
}

/// The calls of which [`parse`] reads the lines, for the option `-e trace=` of strace.
pub const CALLS: &str = "execve,openat,open,creat,close,write,pwrite64,ftruncate,truncate,fallocate,fsync,fdatasync,\
     rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,writev,pwritev,pwritev2,\
     copy_file_range,sendfile";

/// Parses the output of strace, in the order in which the calls took effect.
///
/// # Errors
/// A line that cannot be read, or a call that changes files in a way that is not known here.
pub fn parse(text: &str) -> Result<Vec<Traced>, String> {
    let mut begun: HashMap<&str, (usize, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(process, (number, first.trim_end().to_owned()));
            continue;
        }
        let (begin, whole) = match rest.strip_prefix("<... ") {
            Some(resumed) => {
                let Some((begin, first)) = begun.remove(process) else { continue };
                let last = resumed.split_once("resumed>").map_or("", |(_, last)| last);
                (begin, first + last)
            }
            None => (number, rest.to_owned()),
        };
        let call = parse_call(&whole).map_err(|why| format!("line {}: {why}", number + 1))?;
        calls.extend(call.map(|call| Traced { begin, end: number, call }));
    }
    // A number of a file is free once closing it has begun.
    calls.sort_by_key(|it| if matches!(it.call, Call::Close { .. }) { it.begin } else { it.end });
    Ok(calls)
}

/// A call on one line; `None` when it failed, changed nothing, or is no call.
fn parse_call(line: &str) -> Result<Option<Call>, String> {
    let Some((name, rest)) = line.split_once('(') else { return Ok(None) };
    let Some((arguments, result)) = rest.rsplit_once(" = ") else { return Ok(None) };
    let Some(returned) = result.split(' ').next().and_then(|it| it.parse::<i64>().ok()) else {
        return Ok(None);
    };
    if returned < 0 {
        return Ok(None);
    }
    let arguments = arguments.trim_end().strip_suffix(')').unwrap_or(arguments);
    let arguments: Vec<&str> = arguments.split(", ").collect();
    let at = |index: usize| arguments.get(index).copied().unwrap_or_default();
    let path = |index: usize| text(at(index));
    let written = |index| bytes(at(index), returned as usize);
    Ok(Some(match name {
        "openat" => open(path(1)?, at(2), returned),
        "open" => open(path(0)?, at(1), returned),
        "execve" => Call::Start,
        "close" => Call::Close { fd: number(at(0))? },
        "write" => Call::Write { fd: number(at(0))?, bytes: written(1)? },
        "writev" => {
            let parts = arguments.iter().filter_map(|it| it.split_once("iov_base="));
            let parts = parts.map(|(_, quoted)| unquote(quoted)).collect::<Result<Vec<_>, _>>()?;
            Call::Write { fd: number(at(0))?, bytes: first(parts.concat(), returned as usize)? }
        }
        "pwrite64" => {
            Call::WriteAt { fd: number(at(0))?, at: number(at(3))? as u64, bytes: written(1)? }
        }
        "ftruncate" => Call::Resize { fd: number(at(0))?, length: number(at(1))? as u64 },
        // It reserves space and changes nothing that can be read.
        "fallocate" if at(1).contains("KEEP_SIZE") => return Ok(None),
        "fsync" | "fdatasync" => Call::Sync { fd: number(at(0))? },
        "rename" => Call::Rename { from: path(0)?, to: path(1)? },
        "renameat" | "renameat2" => Call::Rename { from: path(1)?, to: path(3)? },
        "link" => Call::Link { from: path(0)?, to: path(1)? },
        "linkat" => Call::Link { from: path(1)?, to: path(3)? },
        "unlink" => Call::Unlink { path: path(0)? },
        "unlinkat" if at(2).contains("REMOVEDIR") => Call::RemoveDir { path: path(1)? },
        "unlinkat" => Call::Unlink { path: path(1)? },
        "mkdir" => Call::MakeDir { path: path(0)? },
        "mkdirat" => Call::MakeDir { path: path(1)? },
        "rmdir" => Call::RemoveDir { path: path(0)? },
        other if CALLS.split(',').any(|known| known == other) => {
            return Err(format!("{other} is not modelled: {line}"));
        }
        _ => return Ok(None),
    }))
}

fn open(path: String, flags: &str, fd: i64) -> Call {
    Call::Open {
        path,
        creates: flags.contains("O_CREAT"),
        truncates: flags.contains("O_TRUNC"),
        fd,
    }
}

fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{text} is no number"))
}

fn text(quoted: &str) -> Result<String, String> {
    String::from_utf8(unquote(quoted)?).map_err(|_| format!("{quoted} is not UTF-8"))
}

/// The first `length` bytes of a string.
fn bytes(quoted: &str, length: usize) -> Result<Vec<u8>, String> {
    first(unquote(quoted)?, length)
}

fn first(mut bytes: Vec<u8>, length: usize) -> Result<Vec<u8>, String> {
    if bytes.len() < length {
        return Err(format!("{length} bytes were written, {} are shown", bytes.len()));
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// The bytes of a string of which each byte is written as `\xNN`.
fn unquote(quoted: &str) -> Result<Vec<u8>, String> {
    let inner = quoted.trim().strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inner) = inner else { return Err(format!("{quoted} is no complete string")) };
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    inner
        .as_bytes()
        .chunks(4)
        .map(|chunk| match chunk {
            [b'\\', b'x', high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| format!("{quoted} is not in hexadecimal"))
}

#[cfg(test)]
mod tests;
