//! Every line counts once, however a log grows between its imports.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A server that remembers keys and counts lines.
#[derive(Default)]
struct Server {
    keys: BTreeMap<String, u64>,
    counts: BTreeMap<u64, u64>,
    asked: usize,
    /// Pushes after which the connection is lost.
    pushes_left: Option<usize>,
}

impl Destination for Server {
    fn counted(&mut self, key: &str) -> Result<Option<u64>, CommandError> {
        self.asked += 1;
        Ok(self.keys.get(key).copied())
    }

    fn push(&mut self, key: &str, lines: &[Observation]) -> Result<NotCounted, CommandError> {
        if let Some(items) = self.keys.get(key) {
            return Ok(NotCounted { duplicates: *items, ..NotCounted::default() });
        }
        match &mut self.pushes_left {
            Some(0) => return Err("the connection is lost".into()),
            Some(left) => *left -= 1,
            None => {}
        }
        self.keys.insert(key.to_owned(), lines.len() as u64);
        for line in lines {
            *self.counts.entry(line.line_number).or_default() += 1;
        }
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
    assert_eq!((server.asked, server.keys.len()), (11, 52));
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
    fn every_line_of_a_growing_log_counts_once(
        mut ends in proptest::collection::vec(0_u64..5_000, 1..8),
    ) {
        ends.sort_unstable();
        let mut server = Server::default();
        for end in &ends {
            import(&mut server, *end).expect("counted");
            assert_each_once(&server, *end);
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
