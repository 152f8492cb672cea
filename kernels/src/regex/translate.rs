//! A syntax tree as a pattern of the crate `regex`.
//!
//! Nothing is left to that crate's own reading: every literal is written by its number, every flag is resolved, classes
//! are lists of ranges. So its extensions (class operators, nested classes, `\<`) cannot be reached from a user's pattern.

use std::fmt::Write;

use super::syntax::{Assertion, Class, Node};

/// `node` in the engine's syntax, to be compiled with Unicode on and no other flag.
pub fn translate(node: &Node) -> String {
    let mut out = String::new();
    push_node(&mut out, node);
    out
}

fn push_node(out: &mut String, node: &Node) {
    match node {
        Node::Literal { code, fold } => push_folding(out, *fold, |out| match char::from_u32(*code) {
            Some(c) => push_char(out, c),
            None => out.push_str(NOTHING),
        }),
        Node::Class { class, fold } => push_folding(out, *fold, |out| push_class(out, class)),
        Node::Any { newline: true } => out.push_str("(?s:.)"),
        Node::Any { newline: false } => out.push('.'),
        Node::Assertion(assertion) => out.push_str(match assertion {
            Assertion::BeginText => r"\A",
            Assertion::EndText => r"\z",
            Assertion::BeginLine => "(?m:^)",
            Assertion::EndLine => "(?m:$)",
            Assertion::WordBoundary => r"(?-u:\b)",
            Assertion::NotWordBoundary => r"(?-u:\B)",
        }),
        Node::Capture(node) => {
            out.push('(');
            push_node(out, node);
            out.push(')');
        }
        Node::Repeat { node, min, max, greedy } => {
            push_group(out, node);
            push_counts(out, *min, *max);
            if !greedy {
                out.push('?');
            }
        }
        Node::Concat(nodes) => nodes.iter().for_each(|node| match node {
            Node::Alternate(_) => push_group(out, node),
            _ => push_node(out, node),
        }),
        Node::Alternate(nodes) => {
            for (i, node) in nodes.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                push_node(out, node);
            }
        }
    }
}

/// A class that holds no character at all.
const NOTHING: &str = r"[^\x00-\x{10FFFF}]";

fn push_group(out: &mut String, node: &Node) {
    out.push_str("(?:");
    push_node(out, node);
    out.push(')');
}

fn push_folding(out: &mut String, fold: bool, push: impl FnOnce(&mut String)) {
    if fold {
        out.push_str("(?i:");
        push(out);
        out.push(')');
    } else {
        push(out);
    }
}

fn push_char(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        write!(out, r"\x{{{:X}}}", u32::from(c)).expect("a String takes every write");
    }
}

fn push_counts(out: &mut String, min: u32, max: Option<u32>) {
    let written = match (min, max) {
        (0, None) => write!(out, "*"),
        (1, None) => write!(out, "+"),
        (0, Some(1)) => write!(out, "?"),
        (min, None) => write!(out, "{{{min},}}"),
        (min, Some(max)) => write!(out, "{{{min},{max}}}"),
    };
    written.expect("a String takes every write");
}

fn push_class(out: &mut String, class: &Class) {
    let ranges: Vec<(char, char)> =
        class.ranges.iter().filter_map(|&range| without_surrogates(range)).collect();
    if ranges.is_empty() && class.named.is_empty() {
        out.push_str(if class.negated { "(?s:.)" } else { NOTHING });
        return;
    }
    out.push_str(if class.negated { "[^" } else { "[" });
    for (lo, hi) in ranges {
        push_char(out, lo);
        if lo != hi {
            out.push('-');
            push_char(out, hi);
        }
    }
    class.named.iter().for_each(|named| out.push_str(named));
    out.push(']');
}

/// A range of characters: half a surrogate pair is a code point but never stands in a text.
fn without_surrogates((lo, hi): (u32, u32)) -> Option<(char, char)> {
    let lo = char::from_u32(lo).unwrap_or('\u{e000}');
    let hi = char::from_u32(hi).unwrap_or('\u{d7ff}');
    (lo <= hi).then_some((lo, hi))
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::translate;

    fn translated(pattern: &str) -> String {
        translate(&parse(pattern).expect("a pattern of the test").node)
    }

    #[test]
    fn what_the_engine_reads_otherwise_is_written_out() {
        assert_eq!(translated(r"a.(?s:.)\."), r"a.(?s:.)\x{2E}");
        assert_eq!(translated(r"^$\A\z(?m)^$"), r"\A\z\A\z(?m:^)(?m:$)");
        assert_eq!(translated(r"\b\B"), r"(?-u:\b)(?-u:\B)");
        assert_eq!(translated(r"\d[^\s]\w"), r"[0-9][^\x{9}-\x{A}\x{C}-\x{D}\x{20}][0-9A-Z\x{5F}a-z]");
        assert_eq!(translated("[a&&[b~~-]"), r"[a\x{26}\x{26}\x{5B}b\x{7E}\x{7E}\x{2D}]");
    }

    #[test]
    fn every_flag_is_resolved_where_it_holds() {
        assert_eq!(translated("(?U)a*b*?(?-U:c+)"), "(?:a)*?(?:b)*(?:c)+");
        assert_eq!(translated("a(?i)b|c"), "a(?i:b)|(?i:c)");
        assert_eq!(translated("(?P<n>a)(?:b|c)d{2,}"), "(a)(?:b|c)(?:d){2,}");
    }

    #[test]
    fn half_a_surrogate_pair_matches_nothing() {
        assert_eq!(translated(r"\x{DC00}"), r"[^\x00-\x{10FFFF}]");
        assert_eq!(translated(r"[\x{D700}-\x{D900}]"), r"[\x{D700}-\x{D7FF}]");
        assert_eq!(translated(r"[^\x{D800}-\x{D900}]"), "(?s:.)");
    }
}
