//! One condition on one label, as selectors have it.

use std::fmt;

use crate::error::{KernelError, Outcome};
use crate::quote::quote;
use crate::regex::Regex;

/// How a value is compared.
pub enum Test {
    Equal,
    NotEqual,
    Matches(Regex),
    MatchesNot(Regex),
}

/// A label name and what its value must be; an absent label has the value "".
pub struct Matcher {
    pub name: String,
    pub value: String,
    pub test: Test,
}

impl Matcher {
    pub fn new(name: &str, op: &str, value: &str) -> Outcome<Self> {
        let test = match op {
            "=" => Test::Equal,
            "!=" => Test::NotEqual,
            "=~" => Test::Matches(Regex::new(value)?),
            "!~" => Test::MatchesNot(Regex::new(value)?),
            _ => {
                return Err(KernelError::Misuse(format!(
                    "matcher: want one of = != =~ !~, got {}",
                    quote(op)
                )));
            }
        };
        Ok(Self { name: name.to_owned(), value: value.to_owned(), test })
    }

    pub fn op(&self) -> &'static str {
        match self.test {
            Test::Equal => "=",
            Test::NotEqual => "!=",
            Test::Matches(_) => "=~",
            Test::MatchesNot(_) => "!~",
        }
    }

    pub fn is_negative(&self) -> bool {
        matches!(self.test, Test::NotEqual | Test::MatchesNot(_))
    }

    pub fn matches(&self, text: &[u8]) -> bool {
        match &self.test {
            Test::Equal => text == self.value.as_bytes(),
            Test::NotEqual => text != self.value.as_bytes(),
            Test::Matches(regex) => regex.matches(text),
            Test::MatchesNot(regex) => !regex.matches(text),
        }
    }

    /// Whether a series without the label passes.
    pub fn matches_empty(&self) -> bool {
        self.matches(b"")
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op(), &self.value) == (&other.name, other.op(), &other.value)
    }
}

impl fmt::Display for Matcher {
    /// As PromQL prints it; a name that is not a plain identifier is quoted too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        let plain = self.name.bytes().all(|b| letter(b) || b.is_ascii_digit())
            && self.name.bytes().next().is_some_and(letter);
        if plain {
            f.write_str(&self.name)?;
        } else {
            f.write_str(&quote(&self.name))?;
        }
        write!(f, "{}{}", self.op(), quote(&self.value))
    }
}
