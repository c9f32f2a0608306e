//! Tests of the model of a disk.

use std::collections::BTreeSet;

use super::*;
use crate::trace::Call;

fn recording(calls: Vec<Call>) -> Recording {
    let traced = |(line, call)| Traced { begin: line, end: line, call };
    let calls = calls.into_iter().enumerate().map(traced).collect();
    Recording::new(&Image::new(), calls, "/d", "/marks")
}

fn open(path: &str, fd: i64) -> Call {
    Call::Open { path: path.into(), creates: true, truncates: true, fd }
}

fn write(fd: i64, bytes: &[u8]) -> Call {
    Call::Write { fd, bytes: bytes.to_vec() }
}

fn dir(fd: i64) -> Call {
    Call::Open { path: "/d".into(), creates: false, truncates: false, fd }
}

/// Every image that some seeds lead to.
fn images(recording: &Recording, crash: Crash) -> BTreeSet<Image> {
    let seeds = 0..400;
    seeds.map(|seed| recording.crash(recording.len(), crash, &mut Rng::with_seed(seed))).collect()
}

fn image(files: &[(&str, &[u8])]) -> Image {
    files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect()
}

#[test]
fn a_kill_loses_nothing_that_was_written() {
    let recording =
        recording(vec![open("/d/a", 3), write(3, b"ab"), write(3, b"cd"), write(9, b"x")]);
    assert_eq!(images(&recording, Crash::Kill), BTreeSet::from([image(&[("a", b"abcd")])]));
}

#[test]
fn a_kill_during_a_write_leaves_any_first_part() {
    let recording = recording(vec![open("/d/a", 3), write(3, b"abc")]);
    let seeds = 0..100;
    let found: BTreeSet<Image> =
        seeds.map(|seed| recording.crash(1, Crash::Kill, &mut Rng::with_seed(seed))).collect();
    let expected: [&[u8]; 4] = [b"", b"a", b"ab", b"abc"];
    assert_eq!(found, expected.map(|bytes| image(&[("a", bytes)])).into());
}

#[test]
fn a_power_loss_keeps_what_was_synced_and_any_first_part_of_the_rest() {
    let calls = vec![
        open("/d/a", 3),
        dir(4),
        write(3, b"ab"),
        Call::Sync { fd: 4 },
        Call::Sync { fd: 3 },
        write(3, b"cd"),
    ];
    let found = images(&recording(calls), Crash::PowerLoss);
    let expected: [&[u8]; 4] = [b"ab", b"abc", b"abcd", b"ab\0\0"];
    assert_eq!(found, expected.map(|bytes| image(&[("a", bytes)])).into());
}

#[test]
fn names_come_back_in_their_order_from_the_last_sync_of_the_directory() {
    let rename = Call::Rename { from: "/d/b".into(), to: "/d/c".into() };
    let unlink = Call::Unlink { path: "/d/a".into() };
    let calls =
        vec![open("/d/a", 3), open("/d/b", 4), dir(5), Call::Sync { fd: 5 }, rename, unlink];
    let names: [&[&str]; 3] = [&["a", "b"], &["a", "c"], &["c"]];
    let expected =
        names.map(|names| image(&names.iter().map(|it| (*it, &b""[..])).collect::<Vec<_>>()));
    assert_eq!(images(&recording(calls), Crash::PowerLoss), expected.into());
}

#[test]
fn a_write_that_ends_after_a_sync_began_is_not_synced() {
    let calls = vec![
        Traced { begin: 0, end: 0, call: open("/d/a", 3) },
        Traced { begin: 0, end: 0, call: dir(4) },
        Traced { begin: 1, end: 1, call: Call::Sync { fd: 4 } },
        Traced { begin: 2, end: 4, call: write(3, b"a") },
        Traced { begin: 3, end: 5, call: Call::Sync { fd: 3 } },
    ];
    let found = images(&Recording::new(&Image::new(), calls, "/d", "/marks"), Crash::PowerLoss);
    assert!(found.contains(&image(&[("a", b"")])), "{found:?}");
}

#[test]
fn marks_are_kept_in_order() {
    let recording = recording(vec![open("/marks", 3), write(3, b"ack 1\n"), write(3, b"ack 2\n")]);
    assert_eq!(recording.marks(2).collect::<Vec<_>>(), ["ack 1", "ack 2"]);
    assert_eq!(recording.marks(1).collect::<Vec<_>>(), ["ack 1"]);
}

#[test]
fn what_was_there_before_is_durable_and_can_be_changed() {
    let before = image(&[("a", b"abcd"), ("b", b"x")]);
    let reopen = Call::Open { path: "/d/a".into(), creates: true, truncates: false, fd: 3 };
    let calls = vec![reopen, Call::WriteAt { fd: 3, at: 2, bytes: b"yz".to_vec() }];
    let calls = calls.into_iter().map(|call| Traced { begin: 0, end: 0, call }).collect();
    let recording = Recording::new(&before, calls, "/d", "/marks");
    let changed = image(&[("a", b"abyz"), ("b", b"x")]);
    assert_eq!(images(&recording, Crash::Kill), BTreeSet::from([changed.clone()]));
    let lost = images(&recording, Crash::PowerLoss);
    assert!(lost.contains(&before) && lost.contains(&changed));
    assert!(lost.iter().all(|image| image["b"] == b"x" && image["a"].starts_with(b"ab")));
}
