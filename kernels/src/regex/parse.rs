//! A parser of RE2 patterns, with RE2's errors in Go's words.
//!
//! It reads what Go's `regexp/syntax` reads under its Perl flags, which is less than most engines know (no look-around,
//! no backreference, no comment) and here and there something else: `\C` is refused, `{,3}` and an unfinished `{2` are
//! plain text, `[a--z]` is a range from `a` to `-` and so refused, a class holds no operators.

use super::syntax::{Assertion, Class, Node, perl_class, posix_class};
use crate::error::{KernelError, Outcome};

const REPEAT_MAX: u32 = 1000;
const DEPTH_MAX: usize = 1000;

/// A pattern and the name of each capture, the whole match (unnamed) first.
pub struct Parsed {
    pub node: Node,
    pub captures: Vec<String>,
}

pub fn parse(pattern: &str) -> Outcome<Parsed> {
    let flags = Flags { fold: false, multiline: false, dot_newline: false, ungreedy: false };
    let mut parser = Parser {
        pattern,
        at: 0,
        flags,
        last_posix_end: pattern.rfind(":]").unwrap_or(0),
        captures: vec![String::new()],
        groups: vec![Group::new(flags, false)],
    };
    parser.run()?;
    let Some(root) = parser.groups.pop().filter(|_| parser.groups.is_empty()) else {
        return parser.fail("missing closing )", pattern);
    };
    Ok(Parsed { node: root.finish(), captures: parser.captures })
}

#[derive(Clone, Copy)]
struct Flags {
    fold: bool,
    multiline: bool,
    dot_newline: bool,
    ungreedy: bool,
}

/// An open parenthesis: the branches before the last `|` and the nodes since.
struct Group {
    branches: Vec<Node>,
    nodes: Vec<Node>,
    /// The flags to go back to.
    outer: Flags,
    captures: bool,
}

impl Group {
    fn new(outer: Flags, captures: bool) -> Self {
        Self { branches: Vec::new(), nodes: Vec::new(), outer, captures }
    }

    fn end_branch(&mut self) {
        let mut nodes = std::mem::take(&mut self.nodes);
        let branch = if nodes.len() == 1 { nodes.remove(0) } else { Node::Concat(nodes) };
        self.branches.push(branch);
    }

    fn finish(mut self) -> Node {
        self.end_branch();
        let node =
            if self.branches.len() == 1 { self.branches.remove(0) } else { Node::Alternate(self.branches) };
        if self.captures { Node::Capture(Box::new(node)) } else { node }
    }
}

struct Parser<'a> {
    pattern: &'a str,
    at: usize,
    flags: Flags,
    /// Where the last `:]` stands, so that a pattern full of `[:` is not searched for it again and again.
    last_posix_end: usize,
    captures: Vec<String>,
    groups: Vec<Group>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Outcome<()> {
        // Where the repetition just read began; a second one must not follow it at once.
        let mut last_repeat = None;
        while let Some(c) = self.peek() {
            let start = self.at;
            let mut repeat = None;
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.at += 1;
                    self.group().end_branch();
                }
                '[' => {
                    let class = self.class()?;
                    self.push(class);
                }
                '*' | '+' | '?' => {
                    self.at += 1;
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(start, min, max, last_repeat)?;
                    repeat = Some(start);
                }
                '{' => match self.counts()? {
                    Some((min, max)) => {
                        self.repeat(start, min, max, last_repeat)?;
                        repeat = Some(start);
                    }
                    None => self.take_literal(),
                },
                '\\' => self.escape()?,
                '^' | '$' | '.' => {
                    self.at += 1;
                    self.push(self.sign(c));
                }
                _ => self.take_literal(),
            }
            last_repeat = repeat;
        }
        Ok(())
    }

    fn sign(&self, c: char) -> Node {
        match (c, self.flags.multiline) {
            ('^', false) => Node::Assertion(Assertion::BeginText),
            ('^', true) => Node::Assertion(Assertion::BeginLine),
            ('$', false) => Node::Assertion(Assertion::EndText),
            ('$', true) => Node::Assertion(Assertion::EndLine),
            _ => Node::Any { newline: self.flags.dot_newline },
        }
    }

    // ---- Groups.

    fn open(&mut self) -> Outcome<()> {
        if self.groups.len() > DEPTH_MAX {
            return self.fail("expression nests too deeply", self.pattern);
        }
        let rest = self.rest();
        if !rest.starts_with("(?") {
            self.at += 1;
            self.open_capture(String::new());
            return Ok(());
        }
        for prefix in ["(?P<", "(?<"] {
            if rest.starts_with(prefix) {
                return self.open_named(prefix.len());
            }
        }
        self.flags_or_group()
    }

    fn open_capture(&mut self, name: String) {
        self.captures.push(name);
        self.groups.push(Group::new(self.flags, true));
    }

    fn open_named(&mut self, prefix: usize) -> Outcome<()> {
        let rest = self.rest();
        let Some(end) = rest.find('>') else {
            return self.fail("invalid named capture", rest);
        };
        let name = &rest[prefix..end];
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return self.fail("invalid named capture", &rest[..=end]);
        }
        self.at += end + 1;
        self.open_capture(name.to_owned());
        Ok(())
    }

    /// `(?flags)` changes flags up to the end of the group, `(?flags:` opens a group with them.
    fn flags_or_group(&mut self) -> Outcome<()> {
        let start = self.at;
        self.at += 2;
        let mut flags = self.flags;
        let (mut on, mut seen) = (true, false);
        while let Some(c) = self.next() {
            match c {
                'i' => flags.fold = on,
                'm' => flags.multiline = on,
                's' => flags.dot_newline = on,
                'U' => flags.ungreedy = on,
                '-' if on => {
                    on = false;
                    seen = false;
                    continue;
                }
                ':' | ')' if on || seen => {
                    if c == ':' {
                        self.groups.push(Group::new(self.flags, false));
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            seen = true;
        }
        self.fail("invalid or unsupported Perl syntax", &self.pattern[start..self.at])
    }

    fn close(&mut self) -> Outcome<()> {
        if self.groups.len() == 1 {
            return self.fail("unexpected )", self.pattern);
        }
        self.at += 1;
        if let Some(group) = self.groups.pop() {
            self.flags = group.outer;
            let node = group.finish();
            self.push(node);
        }
        Ok(())
    }

    // ---- Repetitions.

    fn repeat(&mut self, start: usize, min: u32, max: Option<u32>, last: Option<usize>) -> Outcome<()> {
        let mut greedy = !self.flags.ungreedy;
        if self.peek() == Some('?') {
            self.at += 1;
            greedy = !greedy;
        }
        if let Some(last) = last {
            return self.fail("invalid nested repetition operator", &self.pattern[last..self.at]);
        }
        let Some(node) = self.group().nodes.pop() else {
            return self.fail("missing argument to repetition operator", &self.pattern[start..self.at]);
        };
        let node = Node::Repeat { node: Box::new(node), min, max, greedy };
        if max.unwrap_or(min) >= 2 && copies(&node) > REPEAT_MAX {
            return self.fail("invalid repeat count", &self.pattern[start..self.at]);
        }
        self.push(node);
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; nothing else is a repetition.
    fn counts(&mut self) -> Outcome<Option<(u32, Option<u32>)>> {
        let start = self.at;
        let rest = &self.rest()[1..];
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
        let (body, after) = rest.split_at(length);
        if !after.starts_with('}') {
            return Ok(None);
        }
        let (low, high) = body.split_once(',').map_or((body, None), |(low, high)| (low, Some(high)));
        let Some(min) = count(low) else { return Ok(None) };
        let max = match high {
            None => Some(min),
            Some("") => None,
            Some(high) => match count(high) {
                Some(max) => Some(max),
                None => return Ok(None),
            },
        };
        self.at += body.len() + 2;
        if min > REPEAT_MAX || max.is_some_and(|max| max > REPEAT_MAX || max < min) {
            return self.fail("invalid repeat count", &self.pattern[start..self.at]);
        }
        Ok(Some((min, max)))
    }

    // ---- Escapes and classes.

    fn escape(&mut self) -> Outcome<()> {
        let rest = self.rest();
        let assertion = match rest.as_bytes().get(1) {
            Some(b'A') => Assertion::BeginText,
            Some(b'z') => Assertion::EndText,
            Some(b'b') => Assertion::WordBoundary,
            Some(b'B') => Assertion::NotWordBoundary,
            Some(b'Q') => {
                let (text, _) = rest[2..].split_once("\\E").unwrap_or((&rest[2..], ""));
                let end = self.at + 2 + text.len();
                self.at += 2;
                while self.at < end {
                    self.take_literal();
                }
                self.at = (end + 2).min(self.pattern.len());
                return Ok(());
            }
            _ => {
                let mut class = Class::default();
                let node = if self.class_escape(&mut class)? {
                    Node::Class { class, fold: self.flags.fold }
                } else {
                    Node::Literal { code: self.escaped_char()?, fold: self.flags.fold }
                };
                self.push(node);
                return Ok(());
            }
        };
        self.at += 2;
        self.push(Node::Assertion(assertion));
        Ok(())
    }

    /// `\d`, `\pL` and their kin, added to `class`; false where none stands here.
    fn class_escape(&mut self, class: &mut Class) -> Outcome<bool> {
        let rest = self.rest();
        let &[b'\\', letter, ..] = rest.as_bytes() else { return Ok(false) };
        if let Some((ranges, negated)) = perl_class(letter) {
            self.at += 2;
            class.add(ranges, negated, self.flags.fold);
            return Ok(true);
        }
        if !matches!(letter, b'p' | b'P') {
            return Ok(false);
        }
        let Some(first) = rest[2..].chars().next() else {
            return self.fail("invalid character class range", rest);
        };
        let end = if first == '{' { rest.find('}') } else { Some(1 + first.len_utf8()) };
        let Some(end) = end else { return self.fail("invalid character class range", rest) };
        let sequence = &rest[..=end];
        let name = if first == '{' { &sequence[3..end] } else { &sequence[2..] };
        let positive = name.strip_prefix('^');
        let negated = (letter == b'P') != positive.is_some();
        let Some(named) = unicode_class(positive.unwrap_or(name), negated) else {
            return self.fail("invalid character class range", sequence);
        };
        self.at += sequence.len();
        class.named.push(named);
        Ok(true)
    }

    /// One escaped character by its sign, its number, or itself.
    fn escaped_char(&mut self) -> Outcome<u32> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.next() else {
            return self.fail("trailing backslash at end of expression", "");
        };
        let code = match c {
            'a' => Some(0x07),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'v' => Some(0x0b),
            'x' => self.hexadecimal(),
            '0' => Some(self.octal(0)),
            // A single digit would be a backreference.
            '1'..='7' if matches!(self.peek(), Some('0'..='7')) => Some(self.octal(c as u32 - '0' as u32)),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c as u32),
            _ => None,
        };
        match code {
            Some(code) => Ok(code),
            None => self.fail("invalid escape sequence", &self.pattern[start..self.at]),
        }
    }

    fn octal(&mut self, first: u32) -> u32 {
        let mut code = first;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            self.at += 1;
            code = code * 8 + digit;
        }
        code
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.next()?;
        if first != '{' {
            return Some(first.to_digit(16)? * 16 + self.next()?.to_digit(16)?);
        }
        let mut code = self.next()?.to_digit(16)?;
        loop {
            match self.next()? {
                '}' => return Some(code),
                digit => code = code * 16 + digit.to_digit(16)?,
            }
            if code > char::MAX as u32 {
                return None;
            }
        }
    }

    fn class(&mut self) -> Outcome<Node> {
        let start = self.at;
        self.at += 1;
        let mut class = Class::default();
        if self.peek() == Some('^') {
            self.at += 1;
            class.negated = true;
        }
        let first = self.at;
        while self.peek() != Some(']') || self.at == first {
            if self.posix(&mut class)? || self.class_escape(&mut class)? {
                continue;
            }
            let item = self.at;
            let lo = self.class_char(start)?;
            let mut hi = lo;
            let mut ahead = self.rest().chars();
            if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
                self.at += 1;
                hi = self.class_char(start)?;
                if hi < lo {
                    return self.fail("invalid character class range", &self.pattern[item..self.at]);
                }
            }
            class.ranges.push((lo, hi));
        }
        self.at += 1;
        Ok(Node::Class { class, fold: self.flags.fold })
    }

    fn class_char(&mut self, start: usize) -> Outcome<u32> {
        match self.peek() {
            None => self.fail("missing closing ]", &self.pattern[start..]),
            Some('\\') => self.escaped_char(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(c as u32)
            }
        }
    }

    /// `[:alpha:]` and its kin, added to `class`; false where none stands here.
    fn posix(&mut self, class: &mut Class) -> Outcome<bool> {
        if self.at >= self.last_posix_end {
            return Ok(false);
        }
        let Some((name, _)) = self.rest().strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
            return Ok(false);
        };
        let whole = &self.rest()[..name.len() + 4];
        let positive = name.strip_prefix('^');
        let Some(ranges) = posix_class(positive.unwrap_or(name)) else {
            return self.fail("invalid character class range", whole);
        };
        class.add(ranges, positive.is_some(), self.flags.fold);
        self.at += whole.len();
        Ok(true)
    }

    // ---- Characters.

    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take_literal(&mut self) {
        if let Some(c) = self.next() {
            self.push(Node::Literal { code: c as u32, fold: self.flags.fold });
        }
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the outermost group is never closed")
    }

    fn push(&mut self, node: Node) {
        self.group().nodes.push(node);
    }

    fn fail<T>(&self, what: &str, where_: &str) -> Outcome<T> {
        Err(KernelError::Regex(format!("error parsing regexp: {what}: `{where_}`")))
    }
}

/// A count without leading zeros; one too large to be a count is only kept too large.
fn count(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

/// How often the innermost node under nested counted repetitions is copied.
fn copies(node: &Node) -> u32 {
    match node {
        Node::Repeat { node, min, max, .. } => {
            let times = max.unwrap_or(*min).max(1);
            copies(node).saturating_mul(times)
        }
        Node::Capture(node) => copies(node),
        Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().map(copies).max().unwrap_or(1),
        _ => 1,
    }
}

/// A Unicode general category or script in the engine's syntax, if there is one of that name.
fn unicode_class(name: &str, negated: bool) -> Option<String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') {
        return None;
    }
    let letter = if negated { 'P' } else { 'p' };
    if name == "Any" {
        return Some(format!("\\{letter}{{any}}"));
    }
    let of = |property| format!("\\{letter}{{{property}={name}}}");
    [of("gc"), of("sc")].into_iter().find(|class| regex::bytes::Regex::new(class).is_ok())
}
