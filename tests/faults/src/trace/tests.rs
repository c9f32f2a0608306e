//! Tests of reading traces.

use super::*;

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[test]
fn a_call_that_another_thread_interrupts_is_put_together() {
    let text = format!(
        "7 openat(AT_FDCWD, \"{}\", O_RDWR|O_CREAT|O_TRUNC, 0644) = 5\n\
         7 write(5, \"{}\", 3 <unfinished ...>\n\
         8 fsync(5) = 0\n\
         7 <... write resumed>) = 2\n\
         7 close(5) = 0\n\
         7 fsync(9) = -1 EBADF (Bad file descriptor)\n",
        hex("/d/a"),
        hex("abc")
    );
    let calls = parse(&text).expect("readable");
    let path = "/d/a".to_owned();
    let expected = [
        (0, 0, Call::Open { path, creates: true, truncates: true, fd: 5 }),
        (2, 2, Call::Sync { fd: 5 }),
        // Only two of three bytes were written.
        (1, 3, Call::Write { fd: 5, bytes: b"ab".to_vec() }),
        (4, 4, Call::Close { fd: 5 }),
    ];
    let expected = expected.map(|(begin, end, call)| Traced { begin, end, call });
    assert_eq!(calls, expected);
}

#[test]
fn a_string_that_strace_has_shortened_is_an_error() {
    let text = format!("7 write(5, \"{}\"..., 30) = 30\n", hex("abc"));
    assert!(parse(&text).is_err());
}

#[test]
fn reserving_space_changes_nothing_and_unknown_writes_are_errors() {
    assert_eq!(parse("7 fallocate(5, FALLOC_FL_KEEP_SIZE, 0, 4096) = 0\n"), Ok(Vec::new()));
    assert!(parse("7 pwritev2(5, [], 1, 0) = 9\n").is_err());
}

#[test]
fn a_write_of_several_parts_is_one_write() {
    let (a, b) = (hex("ab"), hex("cd"));
    let parts = format!("[{{iov_base=\"{a}\", iov_len=2}}, {{iov_base=\"{b}\", iov_len=2}}]");
    let calls = parse(&format!("7 writev(5, {parts}, 2) = 3\n")).expect("readable");
    assert_eq!(calls[0].call, Call::Write { fd: 5, bytes: b"abc".to_vec() });
}
