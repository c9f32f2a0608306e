//! What a body is that should be JSON and is not, by its first bytes.

/// The first bytes of compressed formats.
const COMPRESSED: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "gzip", "send it with `Content-Encoding: gzip`"),
    (b"\x28\xb5\x2f\xfd", "zstd", "send it with `Content-Encoding: zstd`"),
    (b"\x04\x22\x4d\x18", "lz4", OTHER),
    (b"\xfd7zXZ\0", "xz", OTHER),
    (b"\xff\x06\0\0sNaPpY", "snappy", OTHER),
    (b"BZh", "bzip2", OTHER),
    (b"PK\x03\x04", "zip", OTHER),
];
const OTHER: &str = "use gzip or zstd, and name it in `Content-Encoding`";
/// UTF-8 with a byte order mark.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The body without a byte order mark, which some editors put before UTF-8.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(UTF8_MARK).unwrap_or(body)
}

/// What a body is if it is no JSON, and what to send instead.
pub(crate) fn not_json(body: &[u8]) -> Option<String> {
    if let Some((_, name, remedy)) = COMPRESSED.iter().find(|(magic, ..)| body.starts_with(magic)) {
        return Some(format!("is compressed with {name}; {remedy}"));
    }
    if is_zlib(body) {
        return Some(format!("is compressed with zlib (deflate); {OTHER}"));
    }
    let problem = match body.trim_ascii_start() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "is UTF-32 text; send UTF-8",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => {
            "is UTF-16 text; send UTF-8"
        }
        [b'{' | b'[', ..] => return None,
        [b'<', ..] => "is XML or HTML; send JSON",
        text if text.starts_with(b"--") && is_multipart(text) => {
            "is a multipart form, as `curl -F` sends it; send the JSON itself with `curl --data-binary @FILE`"
        }
        text if is_form(text) => "is a form; send JSON, as `curl --json` does",
        _ => return None,
    };
    Some(problem.to_owned())
}

/// The two bytes of its head are a multiple of 31, and the first says which window it uses.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first @ 0x78, second, ..]
        if (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

fn is_multipart(text: &[u8]) -> bool {
    let start = text.get(..512).unwrap_or(text).to_ascii_lowercase();
    start.windows(b"content-disposition".len()).any(|it| it == b"content-disposition")
}

/// `name=value`, with a name as forms write it.
fn is_form(text: &[u8]) -> bool {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.%+*[]".contains(byte);
    text.iter().position(|byte| !in_name(byte)).is_some_and(|end| end > 0 && text[end] == b'=')
}

#[cfg(test)]
mod tests;
