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
