use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_varint_reads_back_whatever_follows_it(
        bits in 0_u32..64,
        noise in any::<u64>(),
        after in prop::collection::vec(any::<u8>(), 0..12),
    ) {
        let value = noise >> bits;
        let mut bytes = Vec::new();
        put(&mut bytes, value);
        let length = bytes.len();
        bytes.extend_from_slice(&after);
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.varint(), Ok(value));
        prop_assert_eq!(reader.bytes, &after[..]);
        if let Some(cut) = bytes.get(..length - 1) {
            prop_assert_eq!(Reader::new(cut).varint(), Err(PartError::Columns));
        }
    }
}
