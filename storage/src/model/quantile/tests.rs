use super::*;

#[test]
fn ranks_are_the_ceiling_of_q_times_n() {
    let table = [
        (0.5, 1, 1),
        (0.5, 2, 1),
        (0.5, 3, 2),
        (0.95, 20, 19),
        (0.95, 21, 20),
        (0.07, 100, 7),
        (1.0, 5, 5),
        (0.0, 5, 1),
    ];
    for (q, count, rank) in table {
        assert_eq!(quantile_rank(q, count), rank, "q {q} of {count}");
    }
}
