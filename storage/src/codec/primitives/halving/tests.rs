use super::*;

#[test]
fn numbers_round_trip_at_every_size() {
    let halving = Halving::new();
    for items in (0..70).chain([100, 255, 256, 5_000, 1 << 20, u32::MAX]) {
        let around = (items / 2).saturating_sub(40)..(items / 2).saturating_add(40);
        let lowers: Vec<u32> = around.chain([0, 1, items]).map(|at| at.min(items)).collect();
        let mut out = BitWriter::default();
        lowers.iter().for_each(|lower| halving.put(*lower, items, &mut out));
        let bytes = out.finish();
        let mut stream = BitReader::new(&bytes);
        let read: Vec<u32> = lowers.iter().map(|_| halving.take(items, &mut stream)).collect();
        assert_eq!((read, stream.finish()), (lowers, Ok(())), "{items}");
    }
}

#[test]
fn many_values_are_divided_into_steps_like_few_values() {
    for items in 17..100_000 {
        let steps = Steps::of(items);
        assert!((4..=16).contains(&steps.items), "{items} {}", steps.items);
    }
}
