use super::*;
use crate::limits::MEMORY_BYTES_DEFAULT;

#[test]
fn the_cache_grows_with_the_streams_between_its_limits() {
    let bytes = |streams| cache_bytes_max(MEMORY_BYTES_DEFAULT, streams, 1 << 30);
    let mib = [0, 4_000, 8_192, 40_000, 1_000_000].map(|streams| bytes(streams) >> 20);
    assert_eq!(mib, [64, 64, 128, 625, 1_024]);
    assert_eq!(cache_bytes_max(32 << 20, 40_000, 0), 8 << 20, "no growth");
}
