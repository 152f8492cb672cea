//! Patterns that need no engine.
//!
//! Most patterns in use are lists of words (`a|b|c`, `5..` written out as `50[0-4]`) or words with gaps (`api-.*`,
//! `.*error.*`). Such a pattern is *expanded* into alternatives, each a list of parts: text, a gap of any length, a gap
//! of at least one character. An alternative without gaps is a literal; one with gaps is matched by looking for its texts
//! from left to right, which is right because a gap takes whatever stands between.
//!
//! Anchors are parts too, until the end: `^` after text can never hold, and before text it only closes the gaps there.

use memchr::memmem::Finder;

use super::syntax::{Assertion, Class, Node};

/// Alternatives that a product of choices may have; a plain list of words may be longer.
const PRODUCT_MAX: usize = 256;

/// Bytes that all alternatives may have together.
const BYTES_MAX: usize = 4 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(Vec<u8>),
    /// Any text, or any but the empty one.
    Gap {
        empty: bool,
    },
    Begin,
    End,
}

type Alternative = Vec<Part>;

/// The alternatives of `node`, whole texts only; None where there is more to it than words and gaps.
pub fn expand(node: &Node) -> Option<Vec<Alternative>> {
    let alternatives = expand_node(node)?;
    Some(alternatives.into_iter().filter_map(without_anchors).collect())
}

fn expand_node(node: &Node) -> Option<Vec<Alternative>> {
    match node {
        Node::Literal { code, fold } => {
            let c = char::from_u32(*code)?;
            let cased = c.to_lowercase().ne([c]) || c.to_uppercase().ne([c]);
            (!fold || !cased).then(|| vec![text(c)])
        }
        Node::Class { class, fold: false } => expand_class(class),
        Node::Assertion(Assertion::BeginText) => Some(vec![vec![Part::Begin]]),
        Node::Assertion(Assertion::EndText) => Some(vec![vec![Part::End]]),
        Node::Capture(node) => expand_node(node),
        Node::Repeat { node, min, max, .. } => expand_repeat(node, *min, *max),
        Node::Concat(nodes) => {
            nodes.iter().try_fold(vec![vec![]], |left, node| product(left, expand_node(node)?))
        }
        Node::Alternate(nodes) => {
            let mut all = Vec::new();
            let mut bytes = 0;
            for node in nodes {
                let more = expand_node(node)?;
                bytes += bytes_of(&more);
                all.extend(more);
                if bytes > BYTES_MAX {
                    return None;
                }
            }
            Some(all)
        }
        _ => None,
    }
}

fn text(c: char) -> Alternative {
    vec![Part::Text(c.encode_utf8(&mut [0; 4]).as_bytes().to_vec())]
}

fn expand_class(class: &Class) -> Option<Vec<Alternative>> {
    let size: u64 = class.ranges.iter().map(|&(lo, hi)| u64::from(hi - lo) + 1).sum();
    if class.negated || !class.named.is_empty() || size > PRODUCT_MAX as u64 {
        return None;
    }
    let codes = class.ranges.iter().flat_map(|&(lo, hi)| lo..=hi);
    Some(codes.filter_map(char::from_u32).map(text).collect())
}

fn expand_repeat(node: &Node, min: u32, max: Option<u32>) -> Option<Vec<Alternative>> {
    match (node, min, max) {
        (Node::Any { newline: true }, 0 | 1, None) => return Some(vec![vec![Part::Gap { empty: min == 0 }]]),
        (Node::Any { .. }, ..) | (_, _, None) => return None,
        _ => {}
    }
    let once = expand_node(node)?;
    let mut power = vec![vec![]];
    let mut all = if min == 0 { power.clone() } else { Vec::new() };
    for count in 1..=max? {
        power = product(power, once.clone())?;
        if count >= min {
            all.extend(power.iter().cloned());
        }
        if all.len() > PRODUCT_MAX {
            return None;
        }
    }
    Some(all)
}

fn product(left: Vec<Alternative>, right: Vec<Alternative>) -> Option<Vec<Alternative>> {
    let size = left.len() * right.len();
    if size > PRODUCT_MAX && left.len() > 1 && right.len() > 1 {
        return None;
    }
    if let [only] = right.as_slice() {
        // The usual step along a word: no copy of what stands to the left.
        let mut left = left;
        for alternative in &mut left {
            only.iter().for_each(|part| push_part(alternative, part));
        }
        // Single characters are bounded by the pattern's own length; counting after each would be quadratic.
        let bounded = bytes_of(&right) <= 4 || bytes_of(&left) <= BYTES_MAX;
        return bounded.then_some(left);
    }
    let mut all = Vec::with_capacity(size);
    let mut bytes = 0;
    for start in &left {
        for end in &right {
            let mut whole = start.clone();
            end.iter().for_each(|part| push_part(&mut whole, part));
            bytes += bytes_of(std::slice::from_ref(&whole));
            all.push(whole);
        }
        if bytes > BYTES_MAX {
            return None;
        }
    }
    Some(all)
}

fn bytes_of(alternatives: &[Alternative]) -> usize {
    let size = |part: &Part| if let Part::Text(text) = part { text.len() } else { 1 };
    alternatives.iter().flatten().map(size).sum()
}

fn push_part(whole: &mut Alternative, part: &Part) {
    match (whole.last_mut(), part) {
        (Some(Part::Text(text)), Part::Text(more)) => text.extend_from_slice(more),
        _ => whole.push(part.clone()),
    }
}

/// The alternative with its anchors worked in; None if they can never hold.
fn without_anchors(parts: Alternative) -> Option<Alternative> {
    let begin = parts.iter().rposition(|part| *part == Part::Begin).map_or(0, |place| place + 1);
    let end = parts.iter().position(|part| *part == Part::End).unwrap_or(parts.len());
    let anchor_or_empty_gap =
        |part: &Part| matches!(part, Part::Begin | Part::End | Part::Gap { empty: true });
    if !parts[..begin].iter().all(anchor_or_empty_gap) || !parts[end..].iter().all(anchor_or_empty_gap) {
        return None;
    }
    let mut whole = Vec::new();
    for part in parts.get(begin..end).unwrap_or_default() {
        push_part(&mut whole, part);
    }
    Some(whole)
}

/// One alternative, ready to be matched.
#[derive(Debug, Clone, Default)]
pub struct Glob {
    prefix: Vec<u8>,
    /// The least length of the gap before each inner text, and the text.
    inner: Vec<(usize, Finder<'static>)>,
    /// The least length of the last gap; None where there is no gap at all.
    last_gap: Option<usize>,
    suffix: Vec<u8>,
}

impl Glob {
    /// None where a gap has to be of two characters or more.
    ///
    /// Least lengths are told in characters and kept in bytes, which agree as long as they are only none and some.
    pub fn new(parts: &[Part]) -> Option<Self> {
        let mut glob = Self::default();
        for (i, part) in parts.iter().enumerate() {
            match (part, glob.last_gap) {
                (Part::Text(text), None) => glob.prefix.clone_from(text),
                (Part::Text(text), Some(_)) if i + 1 == parts.len() => glob.suffix.clone_from(text),
                (Part::Text(text), Some(least)) => {
                    glob.inner.push((least, Finder::new(text).into_owned()));
                    glob.last_gap = Some(0);
                }
                (Part::Gap { empty: false }, Some(1)) => return None,
                (Part::Gap { empty }, gap) => glob.last_gap = Some(gap.unwrap_or(0).max(usize::from(!empty))),
                (Part::Begin | Part::End, _) => return None,
            }
        }
        Some(glob)
    }

    /// Whether every text matches, but for the empty one perhaps.
    pub fn is_gap(&self) -> bool {
        self.last_gap.is_some() && self.prefix.is_empty() && self.inner.is_empty() && self.suffix.is_empty()
    }

    pub fn matches(&self, text: &[u8]) -> bool {
        let Some(mut rest) = text.strip_prefix(self.prefix.as_slice()) else { return false };
        let Some(last_gap) = self.last_gap else { return rest.is_empty() };
        for (least, finder) in &self.inner {
            let Some(found) = rest.get(*least..).and_then(|tail| finder.find(tail)) else { return false };
            rest = &rest[least + found + finder.needle().len()..];
        }
        rest.len() >= last_gap + self.suffix.len() && rest.ends_with(&self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::{Part, expand};

    fn text(text: &str) -> Part {
        Part::Text(text.as_bytes().to_vec())
    }

    fn expanded(pattern: &str) -> Option<Vec<Vec<Part>>> {
        expand(&parse(&format!("^(?s:{pattern})$")).expect("a pattern of the test").node)
    }

    #[test]
    fn choices_are_multiplied_out_up_to_a_limit() {
        assert_eq!(expanded("a(b|cd)?"), Some(vec![vec![text("a")], vec![text("ab")], vec![text("acd")]]));
        assert_eq!(expanded("[0-9][0-9]").map(|all| all.len()), Some(100));
        assert_eq!(expanded("[0-9][0-9][0-9]"), None);
        assert_eq!(expanded(&vec!["x"; 1000].join("|")).map(|all| all.len()), Some(1000));
    }

    #[test]
    fn anchors_close_the_gaps_beside_them_or_can_never_hold() {
        assert_eq!(expanded(".*^a$.*"), Some(vec![vec![text("a")]]));
        assert_eq!(expanded("a^b|.+^|b"), Some(vec![vec![text("b")]]));
    }

    #[test]
    fn what_is_more_than_words_and_gaps_is_left_to_the_engine() {
        for pattern in ["a*", "(?i)a", "[^a]", ".", r"\b", r"\pL", "(.+)*"] {
            assert_eq!(expanded(pattern), None, "{pattern}");
        }
        assert_eq!(expanded("(?i)-1"), Some(vec![vec![text("-1")]]));
    }
}
