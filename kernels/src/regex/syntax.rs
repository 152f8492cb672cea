//! RE2's syntax tree, as much of it as matching and translation need.

/// A set of characters: code points `lo..=hi`, and Unicode classes by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class {
    pub ranges: Vec<(u32, u32)>,
    /// Already in the engine's syntax, such as `\p{gc=L}`.
    pub named: Vec<String>,
    pub negated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assertion {
    BeginText,
    EndText,
    BeginLine,
    EndLine,
    WordBoundary,
    NotWordBoundary,
}

/// A pattern. Flags are resolved: each node says for itself whether it folds case, matches newlines or is greedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Literal { code: u32, fold: bool },
    Class { class: Class, fold: bool },
    Any { newline: bool },
    Assertion(Assertion),
    Capture(Box<Node>),
    Repeat { node: Box<Node>, min: u32, max: Option<u32>, greedy: bool },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
}

/// Ranges of ASCII characters that have a letter (`\d`) or a name (`[:alpha:]`).
type Ranges = &'static [(u8, u8)];

const DIGIT: Ranges = &[(b'0', b'9')];
const WORD: Ranges = &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];

/// The class behind `\d`, `\s` or `\w` in either case, and whether it is the complement.
pub fn perl_class(letter: u8) -> Option<(Ranges, bool)> {
    let ranges: Ranges = match letter.to_ascii_lowercase() {
        b'd' => DIGIT,
        b's' => &[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')],
        b'w' => WORD,
        _ => return None,
    };
    Some((ranges, letter.is_ascii_uppercase()))
}

/// The class of a name such as `alpha`, as in `[[:alpha:]]`.
pub fn posix_class(name: &str) -> Option<Ranges> {
    Some(match name {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => DIGIT,
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => WORD,
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    })
}

/// The two letters outside ASCII that are the other case of one inside: the long s and the kelvin sign.
const FOLDED: [(char, u32); 2] = [('s', 0x17f), ('k', 0x212a)];

impl Class {
    /// Add ASCII ranges, or with `negated` all code points outside them.
    ///
    /// Under `fold` RE2 folds before it takes the complement: `(?i)\W` holds no kelvin sign, and so no `k`.
    pub fn add(&mut self, ranges: Ranges, negated: bool, fold: bool) {
        if !negated {
            self.ranges.extend(ranges.iter().map(|&(lo, hi)| (u32::from(lo), u32::from(hi))));
            return;
        }
        let listed = |byte: u8| ranges.iter().any(|&(lo, hi)| (lo..=hi).contains(&byte));
        let folded = |byte: u8| listed(byte.to_ascii_lowercase()) || listed(byte.to_ascii_uppercase());
        let holds = |byte: u8| listed(byte) || (fold && folded(byte));
        let mut inside: Vec<u32> = (0..0x80).filter(|&byte| holds(byte)).map(u32::from).collect();
        inside
            .extend(FOLDED.iter().filter(|(letter, _)| fold && holds(*letter as u8)).map(|(_, other)| other));
        let mut next = 0;
        for code in inside {
            if next < code {
                self.ranges.push((next, code - 1));
            }
            next = code + 1;
        }
        self.ranges.push((next, char::MAX as u32));
    }
}
