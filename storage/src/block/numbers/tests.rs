use super::*;

#[test]
fn classes_cover_all_numbers() {
    let around = |shift: u32| (0..3).map(move |by| (1_u64 << shift).wrapping_sub(1) + by);
    for number in (0..300).chain((4..64).flat_map(around)).chain([u64::MAX]) {
        let (class, bits) = class_of(number);
        let (lowest, same_bits) = class_start(class);
        assert_eq!(bits, same_bits);
        assert!(class < CLASSES && number >= lowest, "{number}");
        assert!(number - lowest < 1 << bits, "{number}");
    }
}

#[test]
fn numbers_round_trip_and_certain_ones_take_no_bytes() {
    for numbers in [vec![3; 50], vec![0, 5, 17, 1 << 40, u64::MAX, 5, 5], Vec::new()] {
        let mut census = Census::default();
        numbers.iter().for_each(|number| census.add(*number));
        let mut bytes = Vec::new();
        census.weights().put(&mut bytes);
        let model = Model::take(&mut Reader::new(&bytes)).expect("a model");
        let (mut encoder, mut stream) = (Encoder::default(), Vec::new());
        numbers.iter().for_each(|number| model.encode(*number, &mut encoder));
        encoder.finish(&mut stream);
        let mut decoder = Decoder::new(&stream);
        let decoded: Vec<u64> = numbers.iter().map(|_| model.decode(&mut decoder)).collect();
        assert_eq!((decoded, decoder.finish()), (numbers.clone(), Ok(())));
        assert_eq!(stream.is_empty(), numbers.iter().all(|number| *number == 3));
    }
}
