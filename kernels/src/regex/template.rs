//! `$1`, `${name}` and `$$` in a replacement, by the rules of Go's `Regexp.Expand`.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// A capture by number.
    Number(usize),
    /// The first capture of this name that took part in the match.
    Name(&'a str),
}

/// The pieces of `template`, in order. A `$` that begins nothing stands for itself.
pub fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        if dollar > 0 {
            pieces.push(Piece::Text(&rest[..dollar]));
        }
        let after = &rest[dollar + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            pieces.push(Piece::Text("$"));
            rest = tail;
        } else if let Some((reference, tail)) = reference(after) {
            pieces.push(reference);
            rest = tail;
        } else {
            pieces.push(Piece::Text("$"));
            rest = after;
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The reference that follows a `$`, and what stands behind it.
fn reference(after: &str) -> Option<(Piece<'_>, &str)> {
    let (braced, body) = match after.strip_prefix('{') {
        Some(body) => (true, body),
        None => (false, after),
    };
    let end = body.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(body.len());
    let (name, mut tail) = body.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braced {
        tail = tail.strip_prefix('}')?;
    }
    let digits = name.bytes().all(|b| b.is_ascii_digit());
    // A leading zero makes it a name, and a number that is too large is no capture's.
    let numeric = digits && (name.len() == 1 || !name.starts_with('0'));
    let piece = if numeric { Piece::Number(name.parse().unwrap_or(usize::MAX)) } else { Piece::Name(name) };
    Some((piece, tail))
}
