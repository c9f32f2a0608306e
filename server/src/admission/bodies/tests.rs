use super::*;

#[test]
fn memory_for_bodies_is_bounded() {
    let memory = BodyMemory::of_requests();
    let held = memory.reserve(ALL_BODIES_BYTES_MAX).expect("room");
    assert!(memory.reserve(1).is_err());
    drop(held);
    assert_eq!(memory.used.load(Ordering::Relaxed), 0, "memory is released");
    assert!(memory.reserve(1).is_ok());
}
