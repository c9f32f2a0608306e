use super::*;

#[test]
fn the_option_is_the_purge_delay() {
    // The allocator's default shows that the position is that of `purge_delay`.
    assert_eq!(set_purge_delay(), 1_000);
    assert_eq!(set_purge_delay(), PURGE_DELAY_MS);
}

#[test]
fn cells_get_a_share_of_the_memory_that_is_there() {
    let text = std::fs::read_to_string("/proc/meminfo").expect("there is memory");
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")).expect("a line");
    let total_kib: usize = total.trim().trim_end_matches(" kB").parse().expect("a number");
    let bytes = cells_bytes_max();
    assert!(bytes > 1 << 20 && bytes <= total_kib * 1024 / 4, "{bytes} of {total_kib} KiB");
}

#[test]
fn more_memory_than_the_machine_has_is_an_error_that_names_it() {
    assert_eq!(within_machine(32 << 20), Ok(32 << 20));
    let error = within_machine(usize::MAX).expect_err("too much");
    assert!(error.contains("this machine or container has"), "{error}");
}
