//! Integers of variable length, and a cursor over stored bytes.
//!
//! A *uvarint* carries seven bits per byte, least significant group first; the high bit says that more follow. A
//! *varint* folds the sign into the lowest bit first, so that small negative numbers stay short.

/// Bytes of the longest varint.
pub const VARINT_BYTES_MAX: usize = 10;

/// Small magnitudes to small numbers: 0, -1, 1, -2 become 0, 1, 2, 3.
#[inline]
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

#[inline]
pub fn unzigzag(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}

/// A uvarint at the start of `out`; returns its length.
///
/// # Panics
/// If `out` is shorter than the number needs; callers hand over `VARINT_BYTES_MAX` bytes.
#[inline]
pub fn write_uvarint(out: &mut [u8], mut number: u64) -> usize {
    let mut length = 0;
    while number >= 0x80 {
        out[length] = number as u8 | 0x80;
        number >>= 7;
        length += 1;
    }
    out[length] = number as u8;
    length + 1
}

pub fn push_uvarint(out: &mut Vec<u8>, number: u64) {
    let mut buffer = [0; VARINT_BYTES_MAX];
    let length = write_uvarint(&mut buffer, number);
    out.extend_from_slice(&buffer[..length]);
}

/// A length-prefixed string.
pub fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    push_uvarint(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Reads stored bytes from front to back; every read gives `None` when the bytes end before what was wanted does.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    #[inline]
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(taken)
    }

    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// Eight bytes, the most significant first.
    #[inline]
    pub fn be64(&mut self) -> Option<u64> {
        let word = self.bytes.get(self.at..)?.first_chunk::<8>()?;
        self.at += 8;
        Some(u64::from_be_bytes(*word))
    }

    #[inline]
    pub fn uvarint(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        self.long_uvarint(u64::from(first & 0x7f))
    }

    fn long_uvarint(&mut self, mut number: u64) -> Option<u64> {
        for shift in (7..70).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return None; // More than 64 bits.
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    pub fn varint(&mut self) -> Option<i64> {
        self.uvarint().map(unzigzag)
    }

    /// A length-prefixed string.
    #[inline]
    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.uvarint()?;
        self.take(usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_survives_the_way_there_and_back() {
        for number in [0, 1, -1, -64, 64, 8191, 1_700_000_000_000, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            push_uvarint(&mut bytes, zigzag(number));
            let mut cursor = Cursor::new(&bytes);
            assert_eq!(cursor.varint(), Some(number));
            assert!(cursor.is_at_end());
            assert_eq!(Cursor::new(&bytes[..bytes.len() - 1]).varint(), None);
        }
    }

    #[test]
    fn more_than_64_bits_are_no_number() {
        assert_eq!(Cursor::new(&[0xff; 11]).uvarint(), None);
        let eleven_bits_too_many = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(Cursor::new(&eleven_bits_too_many).uvarint(), None);
    }
}
