//! Series that a page shows for the first time, as rows of a label frame.

use std::borrow::Cow;
use std::mem::swap;
use std::sync::Arc;

use crate::exposition::{FamilyKind, Labels, Span, unescape};
use crate::float_text::normal_bound;
use crate::frame::{FrameBuilder, LabelFrame};
use crate::quote::quote_bytes;
use crate::symbols::Symbols;

const METRIC_NAME: &[u8] = b"__name__";

/// A row, and the names of the labels it exposed with an empty value.
pub type Suppressed = (usize, Vec<String>);

type Label<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Collects the rows of one page.
pub struct LabelRows<'a> {
    page: &'a [u8],
    symbols: Arc<Symbols>,
    builder: FrameBuilder,
    rows: usize,
    suppressed: Vec<Suppressed>,
    /// Of the row in hand, and of the row before: neighbours differ in a label or two, and comparing a text costs less
    /// than interning it.
    texts: Vec<Label<'a>>,
    last_texts: Vec<Label<'a>>,
    pairs: Vec<(u32, u32)>,
    last_pairs: Vec<(u32, u32)>,
}

impl<'a> LabelRows<'a> {
    pub fn new(page: &'a [u8], symbols: &Arc<Symbols>) -> Self {
        Self {
            page,
            symbols: Arc::clone(symbols),
            builder: FrameBuilder::new(Arc::clone(symbols)),
            rows: 0,
            suppressed: Vec::new(),
            texts: Vec::new(),
            last_texts: Vec::new(),
            pairs: Vec::new(),
            last_pairs: Vec::new(),
        }
    }

    /// Append a row; `kind` is what the last TYPE line of the page said.
    ///
    /// The symbol table is locked for this row only, so that a large page holds nobody up.
    pub fn push(&mut self, labels: &Labels, kind: FamilyKind) -> Result<(), String> {
        self.read_texts(labels, kind);
        self.texts.sort_by(|left, right| left.0.cmp(&right.0));
        if let Some(twice) = self.texts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("label name {} is not unique: invalid sample", quote_bytes(&twice[0].0)));
        }
        let empty = self.texts.iter().filter(|(_, value)| value.is_empty());
        let empty: Vec<String> = empty.map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
        if !empty.is_empty() {
            self.suppressed.push((self.rows, empty));
        }
        self.intern();
        self.builder.push(self.pairs.iter().copied());
        self.rows += 1;
        Ok(())
    }

    pub fn finish(self) -> (LabelFrame, Vec<Suppressed>) {
        (self.builder.finish(), self.suppressed)
    }

    /// Fill `pairs`; a label with an empty value gets symbol 0, which the builder leaves out.
    fn intern(&mut self) {
        swap(&mut self.pairs, &mut self.last_pairs);
        self.pairs.clear();
        let mut table = None;
        for (position, (name, value)) in self.texts.iter().enumerate() {
            let last = self.last_texts.get(position).zip(self.last_pairs.get(position));
            let mut intern = |text: &[u8]| table.get_or_insert_with(|| self.symbols.write()).intern(text);
            let name_symbol = match last {
                Some((texts, pair)) if texts.0 == *name => pair.0,
                _ => intern(name),
            };
            let value_symbol = match last {
                Some((texts, pair)) if texts.1 == *value => pair.1,
                _ => intern(value),
            };
            self.pairs.push((name_symbol, value_symbol));
        }
    }

    fn read_texts(&mut self, labels: &Labels, kind: FamilyKind) {
        let page = self.page;
        let text = |span: Span| unescape(span.of(page));
        swap(&mut self.texts, &mut self.last_texts);
        self.texts.clear();
        self.texts.extend(labels.name.map(|name| (Cow::Borrowed(METRIC_NAME), text(name))));
        for &(name, value) in &labels.pairs {
            let (name, mut value) = (text(name), text(value));
            if kind.number_label() == Some(&*name)
                && let Some(normal) = normal_bound(&value)
            {
                value = Cow::Owned(normal);
            }
            self.texts.push((name, value));
        }
    }
}
