use super::*;

#[test]
fn connections_leave_files_to_the_database_and_one_address_leaves_places_to_others() {
    let default = ConnectionNumbers::default();
    assert_eq!(default.within(1 << 20), (16_000, 14_000));
    assert_eq!(default.within(4_096), (3_072, 2_688));
    assert_eq!(default.within(1_024), (256, 224));
    assert_eq!(default.within(0), (1, 1));
}

#[test]
fn numbers_that_are_set_are_kept_within_the_limit_on_files() {
    let set = |all, one| ConnectionNumbers { all_max: Some(all), per_address_max: Some(one) };
    assert_eq!(set(100, 7).within(1 << 20), (100, 7));
    assert_eq!(set(1_000_000, 1_000_000).within(4_096), (3_072, 3_072));
}
