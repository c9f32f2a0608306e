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
    let mut start = 0;
    sections.each_ref().map(|values| {
        let held = start;
        start += values.len() as u32;
        held
    })
}

proptest! {
    #[test]
    fn an_order_tells_the_number_it_was_chosen_for(sections in sections(), number: u64) {
        let order = Order::of(sections.iter().map(Vec::as_slice));
        let could = order.told();
        let number = number & ((1 << could.bits(32)) - 1);
        let mut values = order.tell(number);
        let told = Told::of(&values, &starts(&sections));
        prop_assert_eq!((told.number(), told.orders), (number, could.orders));
        values.sort_unstable();
        prop_assert_eq!(values, sections.concat());
    }
}

#[test]
fn values_that_are_equal_tell_nothing() {
    let told = |values: &[u16]| Told::of(values, &[0, values.len() as u32, 99, 99]);
    assert_eq!(told(&[3, 3, 3]), Told::NOTHING);
    assert_eq!(told(&[3, 5, 9]).orders, 6);
    assert_eq!(told(&[3, 5, 9, 9, 1]).orders, 6);
    assert_eq!(told(&[9, 5, 3, 5, 9]), Told { number: 5, orders: 6 });
}
