//! Every line counts once, however a log grows between its imports.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A server that remembers keys and counts lines.
#[derive(Default)]
struct Server {
    /// With the numbers of their lines.
    keys: BTreeMap<String, Vec<u64>>,
    counts: BTreeMap<u64, u64>,
    asked: usize,
    /// Pushes after which the connection is lost.
    pushes_left: Option<usize>,
}

impl Destination for Server {
    fn is_known(&mut self, key: &str) -> Result<bool, CommandError> {
        self.asked += 1;
        Ok(self.keys.contains_key(key))
    }

    fn push(&mut self, key: &str, lines: &[Observation]) -> Result<NotCounted, CommandError> {
        let numbers: Vec<u64> = lines.iter().map(|line| line.line_number).collect();
        if let Some(known) = self.keys.get(key) {
            assert_eq!(known, &numbers, "a key belongs to the same lines");
            return Ok(NotCounted::duplicates(numbers.len() as u64));
        }
        match &mut self.pushes_left {
            Some(0) => return Err("the connection is lost".into()),
            Some(left) => *left -= 1,
            None => {}
        }
        for number in &numbers {
            *self.counts.entry(*number).or_default() += 1;
        }
        self.keys.insert(key.to_owned(), numbers);
        Ok(NotCounted::default())
    }
}

fn line(number: u64) -> Observation {
    Observation {
        line_number: number,
        partner: "dhl".into(),
        operation: None,
        environment: None,
        site: None,
        at_ms: 0,
        status: 200,
        latency_us: None,
        correlation_id: None,
    }
}

/// Imports the first lines of a log; many of its lines are alike.
fn import(server: &mut Server, lines: u64) -> Result<NotCounted, CommandError> {
    let mut sequence = Sequence::new("requests");
    let mut sum = NotCounted::default();
    for number in 0..lines {
        sequence.add(line(number), format!("line {}", number / 7).as_bytes());
        if sequence.is_full() {
            sum.add(sequence.flush(server)?);
        }
    }
    sum.add(sequence.flush(server)?);
    Ok(sum)
}

fn assert_each_once(server: &Server, lines: u64) {
    assert_eq!(server.counts.len() as u64, lines);
    assert!(server.counts.values().all(|count| *count == 1));
}

#[test]
fn a_log_that_has_grown_counts_its_new_lines() {
    let mut server = Server::default();
    assert_eq!(import(&mut server, 3_000).expect("counted").duplicates, 0);
    assert_eq!(import(&mut server, 3_100).expect("counted").duplicates, 3_000);
    assert_eq!(import(&mut server, 3_100).expect("counted").duplicates, 3_100);
    assert_each_once(&server, 3_100);
}

#[test]
fn a_new_log_asks_once_and_pushes_whole_chunks() {
    let mut server = Server::default();
    import(&mut server, 50 * 1_024 + 3).expect("counted");
    // Pieces of 1, 1, 2, 4 … 512 lines, 49 whole chunks, pieces of 2 and 1; two keys for several lines.
    assert_eq!((server.asked, server.keys.len()), (1, 2 + 9 * 2 + 49 * 2 + 2 + 1));
}

#[test]
fn a_log_that_was_cut_counts_nothing_again() {
    for (whole, cut) in
        [(3_000, 2_900), (3_000, 2_049), (1_024, 1_000), (700, 699), (700, 1), (6, 5)]
    {
        let mut server = Server::default();
        import(&mut server, whole).expect("counted");
        assert_eq!(import(&mut server, cut).expect("counted").duplicates, cut, "{whole} {cut}");
        assert_eq!(import(&mut server, whole + 50).expect("counted").duplicates, whole);
        assert_each_once(&server, whole + 50);
    }
}

#[test]
fn a_log_that_goes_on_in_another_way_counts_its_lines() {
    let import = |server: &mut Server, name: &str, lines: u64| {
        let mut sequence = Sequence::new("requests");
        for number in 0..lines {
            let text = if number < 20 { format!("{number}") } else { format!("{name} {number}") };
            sequence.add(line(number), text.as_bytes());
        }
        sequence.flush(server).expect("counted").duplicates
    };
    let mut server = Server::default();
    assert_eq!(import(&mut server, "a", 900), 0);
    assert_eq!(
        import(&mut server, "b", 800),
        17,
        "the pieces that are the same, and the first line"
    );
}

#[test]
fn other_labels_and_other_streams_are_other_lines() {
    let key = |stream: &str, partner: &str| {
        let mut sequence = Sequence::new(stream);
        sequence.add(Observation { partner: partner.into(), ..line(0) }, b"text");
        sequence.key(0, 1)
    };
    assert_eq!(key("requests", "dhl"), key("requests", "dhl"));
    assert_ne!(key("requests", "dhl"), key("requests", "ups"));
    assert_ne!(key("requests", "dhl"), key("attempts", "dhl"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_line_of_a_log_that_grows_and_is_cut_counts_once(
        ends in proptest::collection::vec(0_u64..5_000, 1..8),
    ) {
        let (mut server, mut longest) = (Server::default(), 0);
        for end in ends {
            import(&mut server, end).expect("counted");
            longest = longest.max(end);
            assert_each_once(&server, longest);
        }
    }

    #[test]
    fn every_line_counts_once_after_interruptions(
        steps in proptest::collection::vec((1_u64..1_500, 0_usize..12), 1..6),
    ) {
        let (mut server, mut end) = (Server::default(), 0);
        for (more, pushes) in steps {
            end += more;
            server.pushes_left = Some(pushes);
            let _ = import(&mut server, end);
        }
        server.pushes_left = None;
        import(&mut server, end).expect("counted");
        assert_each_once(&server, end);
    }
}
