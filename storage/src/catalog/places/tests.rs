use super::*;

const KEY: SymbolKey = SymbolKey { kind: StreamKind::Activity, name: 1, labels: [0; Label::COUNT] };

#[test]
fn forgotten_chunks_take_no_memory_and_their_ids_are_not_given_again() {
    let mut places = Places::default();
    (0..3 * CHUNK_IDS).for_each(|_| places.add(KEY));
    let full = places.size_bytes();
    (0..2 * CHUNK_IDS as u32 + 1).map(StreamId).for_each(|id| {
        assert!(places.remove(id).is_some());
        assert!(places.remove(id).is_none(), "a stream is removed once");
    });
    assert!(places.size_bytes() < full / 2, "{} of {full}", places.size_bytes());
    assert_eq!(places.next_id(), StreamId(3 * CHUNK_IDS as u32));
    let ids: Vec<StreamId> = places.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.first(), Some(&StreamId(2 * CHUNK_IDS as u32 + 1)));
    assert_eq!(ids.len(), CHUNK_IDS - 1);
    places.skip_to(StreamId(10_000));
    places.add(KEY);
    assert!(places.get(StreamId(9_999)).is_none() && places.get(StreamId(10_000)).is_some());
    assert!(places.get(StreamId(10_001)).is_none() && places.get(StreamId(u32::MAX)).is_none());
}

#[test]
fn a_stream_without_events_may_have_cells() {
    let mut places = Places::default();
    places.add(KEY);
    let place = places.get(StreamId(0)).expect("a stream");
    assert_eq!(place.last_at(), None);
    [7, 3, 5].into_iter().map(Slot).for_each(|slot| place.saw_slot(slot));
    assert_eq!((place.last_at(), place.slots()), (None, (Slot(3), Slot(7))));
    place.saw(TimestampMs(9));
    place.saw(TimestampMs(4));
    assert_eq!(place.last_at(), Some(TimestampMs(9)));
}
