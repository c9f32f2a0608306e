use super::*;

fn records() -> Vec<Vec<u8>> {
    // Whole, in two fragments, in three, empty, and one that leaves no room for a header in its block.
    let lengths = [10, 40_000, 70_000, 0, BLOCK_BYTES - 4, 3];
    let content = |(at, length): (usize, usize)| vec![at as u8 + 1; length];
    lengths.into_iter().enumerate().map(content).collect()
}

fn log_of(records: &[Vec<u8>]) -> Vec<u8> {
    let mut log = Vec::new();
    records.iter().for_each(|record| append(&mut log, record));
    log
}

/// The records as they are read: each begins where the one before ends, or at the next block.
fn pieces() -> Vec<Piece> {
    let mut log = Vec::new();
    let piece = |record: Vec<u8>| {
        let room = BLOCK_BYTES - log.len() % BLOCK_BYTES;
        let at = if room < HEADER_BYTES { log.len() + room } else { log.len() };
        append(&mut log, &record);
        Piece::Record(at, record)
    };
    records().into_iter().map(piece).collect()
}

#[test]
fn what_is_written_is_read() {
    assert_eq!(read(&log_of(&records())), pieces());
}

#[test]
fn a_log_that_is_cut_anywhere_holds_whole_records_and_then_damage() {
    let log = log_of(&records());
    for end in (0..log.len()).step_by(997) {
        let pieces = read(&log[..end]);
        let whole = pieces.iter().filter(|piece| matches!(piece, Piece::Record(..))).count();
        assert_eq!(&pieces[..whole], &self::pieces()[..whole], "cut at {end}");
        assert!(pieces.len() <= whole + 1, "cut at {end}");
    }
}

#[test]
fn a_flipped_bit_loses_a_record_and_at_most_the_rest_of_its_block() {
    let small: Vec<Vec<u8>> = (0..200_u8).map(|at| vec![at; 1_000]).collect();
    let log = log_of(&small);
    for at in (0..log.len()).step_by(1_013) {
        let mut flipped = log.clone();
        flipped[at] ^= 4;
        let pieces = read(&flipped);
        let found = |piece: &Piece| match piece {
            Piece::Record(_, record) => Some(record.clone()),
            Piece::Damage(_) => None,
        };
        let found: Vec<Vec<u8>> = pieces.iter().filter_map(found).collect();
        assert!(found.len() >= small.len() - 34 && found.len() <= small.len(), "at {at}");
        assert!(found.iter().all(|record| small.contains(record)), "at {at}");
        assert!(found.len() == small.len() || pieces.len() > found.len(), "named, at {at}");
    }
}
