//! Regular expressions as Prometheus reads them: RE2 syntax, anchored at both ends, a dot that matches a newline.
//!
//! ```text
//!   text ──parse──▶ tree ──globs──▶ a set of literals, or a few texts with gaps       no engine needed
//!                     └───translate──▶ a pattern of the crate `regex`                 all else; linear time
//! ```
//!
//! What way a pattern goes is decided once, when it is compiled. The wrapped text `^(?s:...)$` is what is parsed, so
//! errors show it as Prometheus does, and `a)(b` means what it means there.

mod globs;
mod parse;
mod syntax;
mod template;
mod translate;

use std::sync::OnceLock;

use hashbrown::HashSet;
use regex::bytes::{Captures, Regex as Engine, RegexBuilder};

use crate::error::{KernelError, Outcome};
use globs::{Glob, Part};
use template::Piece;

/// Memory a compiled program may take; `\pL{1000}` alone would want some 40 MiB.
const PROGRAM_BYTES_MAX: usize = 16 << 20;

/// Memory the engine may take for states it finds while matching, per thread that matches.
const STATES_BYTES_MAX: usize = 2 << 20;

/// Deeper than any tree that the parser lets through; the engine's own limit must not speak before ours.
const NEST_MAX: u32 = 10_000;

/// More alternatives than this, some with gaps, are left to the engine, which reads a text once for all of them.
const GLOBS_MAX: usize = 16;

/// How a pattern is matched.
enum Plan {
    /// Texts of at least so many bytes: `.*` and `.+`.
    Least(usize),
    /// One of these.
    Literals(HashSet<Vec<u8>>),
    /// Any of these.
    Globs(Vec<Glob>),
    Engine,
}

/// A compiled pattern.
pub struct Regex {
    pattern: String,
    plan: Plan,
    translated: String,
    /// The name of each capture; the whole match first, without one.
    captures: Vec<String>,
    /// Compiled when first needed: most patterns never do.
    engine: OnceLock<Outcome<Engine>>,
}

impl Regex {
    pub fn new(pattern: &str) -> Outcome<Self> {
        let wrapped = format!("^(?s:{pattern})$");
        let parsed = parse::parse(&wrapped)?;
        let regex = Self {
            pattern: pattern.to_owned(),
            plan: plan(&parsed.node),
            translated: translate::translate(&parsed.node),
            captures: parsed.captures,
            engine: OnceLock::new(),
        };
        if matches!(regex.plan, Plan::Engine) {
            regex.engine()?;
        }
        Ok(regex)
    }

    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    pub fn matches(&self, text: &[u8]) -> bool {
        match &self.plan {
            Plan::Least(bytes) => text.len() >= *bytes,
            Plan::Literals(literals) => literals.contains(text),
            Plan::Globs(globs) => globs.iter().any(|glob| glob.matches(text)),
            Plan::Engine => self.engine().is_ok_and(|engine| engine.is_match(text)),
        }
    }

    /// Whether every text matches.
    pub fn matches_all(&self) -> bool {
        matches!(self.plan, Plan::Least(0))
    }

    /// Whether exactly the texts that are not empty match.
    pub fn matches_non_empty(&self) -> bool {
        matches!(self.plan, Plan::Least(1))
    }

    /// The texts that match, where they can be listed.
    pub fn literals(&self) -> Option<&HashSet<Vec<u8>>> {
        match &self.plan {
            Plan::Literals(literals) => Some(literals),
            _ => None,
        }
    }

    /// `template` filled in from the match of each text; None where there is none.
    pub fn expand(&self, template: &str, texts: &[&str]) -> Outcome<Vec<Option<String>>> {
        let engine = self.engine()?;
        let pieces = template::pieces(template);
        let filled = |text: &&str| {
            // The plan says no faster than the engine finds where groups begin.
            let found = self.matches(text.as_bytes()).then(|| engine.captures(text.as_bytes()))??;
            Some(pieces.iter().map(|piece| self.fill(piece, &found)).collect())
        };
        Ok(texts.iter().map(filled).collect())
    }

    fn fill(&self, piece: &Piece<'_>, found: &Captures<'_>) -> String {
        let bytes = match *piece {
            Piece::Text(text) => return text.to_owned(),
            Piece::Number(number) => found.get(number),
            Piece::Name(name) => {
                let mut named = (1..self.captures.len()).filter(|&i| self.captures[i] == name);
                named.find_map(|i| found.get(i))
            }
        };
        bytes.map_or_else(String::new, |group| String::from_utf8_lossy(group.as_bytes()).into_owned())
    }

    fn engine(&self) -> Outcome<&Engine> {
        self.engine.get_or_init(|| self.compile()).as_ref().map_err(Clone::clone)
    }

    fn compile(&self) -> Outcome<Engine> {
        let mut builder = RegexBuilder::new(&self.translated);
        builder.size_limit(PROGRAM_BYTES_MAX).dfa_size_limit(STATES_BYTES_MAX).nest_limit(NEST_MAX);
        builder.build().map_err(|_| {
            let start: String = self.pattern.chars().take(200).collect();
            let more = if start.len() < self.pattern.len() { "..." } else { "" };
            KernelError::Regex(format!("error parsing regexp: expression too large: `^(?s:{start}{more})$`"))
        })
    }
}

fn plan(node: &syntax::Node) -> Plan {
    let Some(alternatives) = globs::expand(node) else { return Plan::Engine };
    if !alternatives.iter().flatten().any(|part| matches!(part, Part::Gap { .. })) {
        return Plan::Literals(alternatives.into_iter().map(literal).collect());
    }
    let globs: Option<Vec<Glob>> = alternatives.iter().map(|parts| Glob::new(parts)).collect();
    match globs {
        Some(globs) if globs.iter().any(Glob::is_gap) => {
            let empty = globs.iter().any(|glob| glob.matches(b""));
            Plan::Least(usize::from(!empty))
        }
        Some(globs) if globs.len() <= GLOBS_MAX => Plan::Globs(globs),
        _ => Plan::Engine,
    }
}

fn literal(parts: Vec<Part>) -> Vec<u8> {
    parts.into_iter().flat_map(|part| if let Part::Text(text) = part { text } else { Vec::new() }).collect()
}
