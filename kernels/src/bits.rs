//! Bit streams, the most significant bit first, written and read a 64-bit word at a time.

/// Where the full words of a bit stream go.
pub trait WordSink {
    fn push_word(&mut self, word: u64);
}

impl WordSink for Vec<u8> {
    fn push_word(&mut self, word: u64) {
        self.extend_from_slice(&word.to_be_bytes());
    }
}

/// The end of a bit stream that is being written: `used` bits at the top of `word`, zeros below. It goes to the sink
/// only when more bits come than it has room for, so that a stream of one word needs no storage behind it.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct BitTail {
    pub word: u64,
    pub used: u8,
}

impl BitTail {
    /// Append the `count` low bits of `bits`, 1 to 64 of them; the others are zero.
    #[inline(always)]
    pub fn put(&mut self, bits: u64, count: u32, sink: &mut impl WordSink) {
        let room = 64 - u32::from(self.used);
        if count <= room {
            self.word |= bits << (room - count);
            self.used += count as u8;
        } else {
            let over = count - room; // 1 to 64 bits.
            sink.push_word(self.word | (bits >> 1) >> (over - 1));
            self.word = bits << (64 - over);
            self.used = over as u8;
        }
    }

    /// The bytes that hold the used bits.
    pub fn push_bytes(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.word.to_be_bytes()[..usize::from(self.used).div_ceil(8)]);
    }
}

/// The words of a stored bit stream; zeros, or anything, behind its end.
pub trait Words {
    fn word(&self, index: usize) -> u64;

    /// 64 bits from bit `at` on.
    #[inline(always)]
    fn peek(&self, at: usize) -> u64 {
        let (index, shift) = (at / 64, at % 64);
        self.word(index) << shift | (self.word(index + 1) >> 1) >> (63 - shift)
    }
}

const SHORT_WORDS: usize = 512;

/// Words of a stream short enough for a buffer of fixed size. The index wraps round, so that no read needs a check of
/// bounds: the reader notices afterwards that it ran past the end.
pub struct ShortWords([u64; SHORT_WORDS]);

impl Words for ShortWords {
    #[inline(always)]
    fn word(&self, index: usize) -> u64 {
        self.0[index % SHORT_WORDS]
    }
}

/// Words of a stream of any length.
pub struct LongWords(Vec<u64>);

impl Words for LongWords {
    #[inline(always)]
    fn word(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }
}

impl Default for ShortWords {
    fn default() -> Self {
        Self([0; SHORT_WORDS])
    }
}

impl ShortWords {
    pub const BYTES_MAX: usize = SHORT_WORDS * 8;

    /// Take up the stream `bytes`, at most `BYTES_MAX` of them.
    pub fn load(&mut self, bytes: &[u8]) {
        fill(&mut self.0, bytes);
    }
}

impl LongWords {
    pub fn load(bytes: &[u8]) -> Self {
        let mut words = vec![0; bytes.len().div_ceil(8)];
        fill(&mut words, bytes);
        Self(words)
    }
}

fn fill(words: &mut [u64], bytes: &[u8]) {
    let (whole, rest) = bytes.as_chunks::<8>();
    for (word, bytes) in words.iter_mut().zip(whole) {
        *word = u64::from_be_bytes(*bytes);
    }
    if let Some(word) = words.get_mut(whole.len()) {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        *word = u64::from_be_bytes(last);
    }
}
