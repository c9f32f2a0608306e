use super::*;
use crate::model::cell::Cell;
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

fn minutes(count: u64) -> Vec<u8> {
    let mut cell = Cell::default();
    (0..count).for_each(|_| cell.record(Outcome::Status2xx, Some(0.1), TimestampMs(1)));
    codec::encode_hot(&[(Slot(7), SlotValue::Activity(cell))])
}

fn ids(streams: &[u32]) -> Vec<StreamId> {
    streams.iter().copied().map(StreamId).collect()
}

#[test]
fn sums_are_used_when_all_of_their_streams_are_read() {
    let parts = minutes(3);
    let groups = [ids(&[1, 4, 9]), ids(&[2, 3]), ids(&[5])].to_vec();
    let sums = PartnerSums::of(groups, |_| &parts);
    let taken = |streams: &[u32]| {
        let streams = ids(streams);
        let within = sums.within(&streams);
        let firsts: Vec<u32> = within.iter().map(|one| one.first().0).collect();
        let left: Vec<u32> = without(&streams, &within).iter().map(|stream| stream.0).collect();
        (firsts, left)
    };
    assert_eq!(taken(&[1, 2, 3, 4, 5, 9]), (vec![1, 2], vec![5]));
    assert_eq!(taken(&[1, 4, 8, 9]), (vec![1], vec![8]));
    assert_eq!(taken(&[1, 2, 4]), (vec![], vec![1, 2, 4]));
    assert_eq!(taken(&[2, 3]), (vec![2], vec![]));
    assert_eq!(taken(&[3, 4, 9]), (vec![], vec![3, 4, 9]));
    assert_eq!(taken(&[]), (vec![], vec![]));
}
