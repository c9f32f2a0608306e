//! The checksum of RocksDB's log files: CRC-32C, masked so that a checksum of checksums is sound.

const POLYNOMIAL: u32 = 0x82f6_3b78;
const MASK: u32 = 0xa282_ead8;

/// Of each byte, followed by 0 to 7 zero bytes: eight bytes are added at a time.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// The masked checksum of the type of a record and its content.
pub(super) fn masked(kind: u8, content: &[u8]) -> u32 {
    let crc = !add(add(!0, &[kind]), content);
    crc.rotate_right(15).wrapping_add(MASK)
}

fn add(mut crc: u32, bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word) ^ u64::from(crc);
        let of_byte = |at: usize| TABLES[7 - at][(word >> (8 * at) & 0xff) as usize];
        crc = (0..8).fold(0, |crc, at| crc ^ of_byte(at));
    }
    rest.iter().fold(crc, |crc, byte| (crc >> 8) ^ TABLES[0][(crc as u8 ^ byte) as usize])
}

#[cfg(test)]
mod tests;
