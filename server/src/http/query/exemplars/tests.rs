use super::*;

#[test]
fn events_that_are_not_listed_are_cut() {
    let none = FoundExemplars::default();
    assert!(is_cut(&none, Some(1)), "an event without ids is not kept");
    assert!(!is_cut(&none, Some(0)));
    assert!(!is_cut(&none, None), "not counted");
    assert!(is_cut(&FoundExemplars { is_cut: true, ..none }, None));
}
