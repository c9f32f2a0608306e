use super::*;

#[test]
fn symbols_round_trip_and_frequent_symbols_have_short_codes() {
    let counts = [0, 50, 1, 0, 20, 3, 1 << 40, 1];
    let lengths = lengths_of(&counts);
    assert!(lengths[6] == 1 && lengths[1] < lengths[2] && lengths[0] == 0);
    let code = PrefixCode::new(&lengths, 0).expect("complete");
    let symbols = [6, 1, 2, 7, 5, 4, 6, 6];
    let mut out = BitWriter::default();
    symbols.iter().for_each(|symbol| code.put(*symbol, &mut out));
    let bytes = out.finish();
    let mut stream = BitReader::new(&bytes);
    let read = symbols.map(|_| usize::from(code.take(&mut stream)));
    assert_eq!((read, stream.finish()), (symbols, Ok(())));
}

#[test]
fn codes_never_grow_too_long() {
    let counts: Vec<u64> = (0..60).map(|shift| 1 << shift).collect();
    let lengths = lengths_of(&counts);
    assert!(lengths.iter().all(|length| (1..=9).contains(length)));
    assert!(PrefixCode::new(&lengths, 0).is_ok());
}

#[test]
fn lengths_that_form_no_code_are_rejected() {
    assert!(PrefixCode::new(&[1, 1, 1], 0).is_err());
    assert!(PrefixCode::new(&[1, 2], 0).is_err());
    assert!(PrefixCode::new(&[10, 1], 0).is_err());
    assert!(PrefixCode::new(&[0, 0], 1).is_ok());
}
