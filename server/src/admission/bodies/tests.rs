use super::*;

#[test]
fn memory_for_bodies_is_bounded() {
    let memory = BodyMemory::of_requests();
    let held = memory.reserve(LARGE_BODIES_BYTES_MAX).expect("room");
    assert!(memory.reserve(SMALL_BODY_BYTES_MAX + 1).is_err(), "large bodies leave a quarter");
    let small: Vec<_> = std::iter::from_fn(|| memory.reserve(SMALL_BODY_BYTES_MAX).ok()).collect();
    assert_eq!(small.len(), (ALL_BODIES_BYTES_MAX - LARGE_BODIES_BYTES_MAX) / SMALL_BODY_BYTES_MAX);
    drop((held, small));
    assert_eq!(memory.used.load(Ordering::Relaxed), 0, "memory is released");
    assert!(memory.reserve(SMALL_BODY_BYTES_MAX + 1).is_ok());
}
