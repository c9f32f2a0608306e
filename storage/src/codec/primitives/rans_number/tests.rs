use super::*;
use crate::codec::primitives::number_class::ClassCounts;

#[test]
fn numbers_round_trip_and_numbers_of_one_class_take_no_bytes() {
    for numbers in [vec![3; 50], vec![0, 5, 17, 1 << 40, u64::MAX, 5, 5], Vec::new()] {
        let mut counts = ClassCounts::default();
        numbers.iter().for_each(|number| counts.add(*number));
        let mut bytes = Vec::new();
        Weights::of(counts.counts()).put(&mut bytes);
        let model = NumberModel::take(&mut Reader::new(&bytes)).expect("a model");
        let mut writer = RansWriter::default();
        numbers.iter().for_each(|number| model.put(*number, &mut writer));
        let stream = writer.finish();
        let mut reader = RansReader::new(&stream);
        let decoded: Vec<u64> = numbers.iter().map(|_| model.read(&mut reader)).collect();
        assert_eq!((decoded, reader.finish()), (numbers.clone(), Ok(())));
        assert_eq!(stream.is_empty(), numbers.iter().all(|number| *number == 3));
    }
}
