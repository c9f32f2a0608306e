use proptest::prelude::*;

use super::*;

/// Values of each section, ascending: those of a later one are greater.
fn sections() -> impl Strategy<Value = [Vec<u16>; SECTIONS]> {
    let section = prop::collection::vec(0..9_u16, 0..12);
    prop::array::uniform(section).prop_map(|mut sections: [Vec<u16>; SECTIONS]| {
        for (first, values) in (0..).step_by(10).zip(&mut sections) {
            values.iter_mut().for_each(|value| *value += first);
            values.sort_unstable();
        }
        sections
    })
}

fn starts(sections: &[Vec<u16>; SECTIONS]) -> Starts {
    let mut end = 0;
    sections.each_ref().map(|values| {
        let start = end;
        end += values.len() as u32;
        start
    })
}

proptest! {
    #[test]
    fn an_order_decodes_to_the_number_it_encodes(sections in sections(), number: u64) {
        let permutation = Permutation::of(sections.iter().map(Vec::as_slice));
        let ascending = permutation.ascending();
        let number = number & ((1 << ascending.bits(32)) - 1);
        let mut values = permutation.encode(number);
        let decoded = OrderNumber::of(&values, &starts(&sections));
        prop_assert_eq!((decoded.number(), decoded.orders), (number, ascending.orders));
        values.sort_unstable();
        prop_assert_eq!(values, sections.concat());
    }
}

#[test]
fn equal_values_encode_nothing() {
    let decoded = |values: &[u16]| OrderNumber::of(values, &[0, values.len() as u32, 99, 99]);
    assert_eq!(decoded(&[3, 3, 3]), OrderNumber::NOTHING);
    assert_eq!(decoded(&[3, 5, 9]).orders, 6);
    assert_eq!(decoded(&[3, 5, 9, 9, 1]).orders, 6);
    assert_eq!(decoded(&[9, 5, 3, 5, 9]), OrderNumber { number: 5, orders: 6 });
}
