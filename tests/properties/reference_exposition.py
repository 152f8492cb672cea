"""The plain twins of `kernels/src/exposition.rs` and `kernels/src/scrape_cache/`: regular expressions and
dictionaries.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.properties.reference_float_text import normal_bound, parse_float

BLANKS = re.compile(rb"[ \t]*")
NAME = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(rb"[a-zA-Z_][a-zA-Z0-9_]*")
QUOTED = re.compile(rb'"((?:\\[\x00-\xff]|[^"\\])*)"')
METADATA = re.compile(rb"#[ \t]+(HELP|TYPE)[ \t]+")
VALUE = re.compile(rb"[^{ \t\n]+")
TIMESTAMP = re.compile(rb"[0-9]+")
KINDS = {
    b"untyped": "unknown",
    **{kind: kind.decode() for kind in (b"counter", b"gauge", b"histogram", b"summary")},
}
ESCAPES = {rb"\\": b"\\", rb"\n": b"\n", rb"\"": b'"'}
NUMBER_LABELS = {"histogram": "le", "summary": "quantile"}


class PageError(Exception):
    """The page breaks the format."""


@dataclass
class Sample:
    text: bytes  # The series as exposed.
    labels: dict[str, str]  # Without the empty ones.
    empty: tuple[str, ...]
    value: float
    timestamp_ms: int | None


@dataclass
class Page:
    samples: list[Sample] = field(default_factory=list)
    metadata: list[tuple[str, str, str]] = field(default_factory=list)  # Family, "HELP" or "TYPE", text.


def unescape(text: bytes, *, quotes: bool = True) -> str:
    def one(pair: re.Match[bytes]) -> bytes:
        return pair[0] if pair[0] == rb"\"" and not quotes else ESCAPES.get(pair[0], pair[0])

    try:
        return re.sub(rb"\\[\x00-\xff]", one, text).decode()
    except UnicodeDecodeError as error:
        raise PageError("not UTF-8") from error


class Scanner:
    """A place in a page, and what stands there."""

    def __init__(self, page: bytes) -> None:
        self.page, self.at = page + b"\n", 0

    def take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        match = pattern.match(self.page, self.at)
        if match:
            self.at = match.end()
        return match

    def blanks(self) -> None:
        self.take(BLANKS)

    def byte(self) -> bytes:
        return self.page[self.at : self.at + 1]

    def takes(self, byte: bytes) -> bool:
        found = self.byte() == byte
        self.at += found
        return found

    def rest_of_line(self) -> bytes:
        end = self.page.index(b"\n", self.at)
        rest, self.at = self.page[self.at : end], end + 1
        return rest


def quoted_name(text: bytes) -> str:
    if not text:
        raise PageError("empty name")
    return unescape(text)


def read_page(page: bytes) -> Page:
    scanner, result, kind = Scanner(page), Page(), "unknown"
    while scanner.at < len(scanner.page):
        scanner.blanks()
        if scanner.takes(b"\n"):
            continue
        if scanner.byte() == b"#":
            kind = read_remark(scanner, result, kind)
        else:
            result.samples.append(read_sample(scanner, kind, result))
    return result


def read_remark(scanner: Scanner, result: Page, kind: str) -> str:
    keyword = scanner.take(METADATA)
    if not keyword:
        scanner.rest_of_line()
        return kind
    name = scanner.take(QUOTED) or scanner.take(NAME)
    if not name:
        raise PageError("no family")
    family = quoted_name(name[1]) if name.re is QUOTED else name[0].decode()
    text = scanner.rest_of_line()[1:]
    if keyword[1] == b"TYPE":
        if text not in KINDS:
            raise PageError("bad type")
        kind = KINDS[text]
    result.metadata.append(
        (family, keyword[1].decode(), kind if keyword[1] == b"TYPE" else unescape(text, quotes=False))
    )
    return kind


def read_sample(scanner: Scanner, kind: str, result: Page) -> Sample:
    start = scanner.at
    name = scanner.take(NAME)
    pairs = [("__name__", name[0].decode())] if name else []
    end = scanner.at
    scanner.blanks()
    if scanner.takes(b"{"):
        read_labels(scanner, kind, pairs)
        end = scanner.at
    if "__name__" not in dict(pairs[:1]):
        raise PageError("no name")
    value, timestamp = read_tail(scanner)
    names = [label for label, _ in pairs]
    if len(set(names)) != len(names):
        result.samples.append(Sample(b"", {}, (), value, None))  # It counts, though its page fails.
        raise PageError("not unique")
    labels = dict(
        sorted(((name, value) for name, value in pairs if value), key=lambda pair: pair[0].encode())
    )
    empty = tuple(sorted((name for name, value in pairs if not value), key=str.encode))
    return Sample(scanner.page[start:end], labels, empty, value, timestamp)


def read_labels(scanner: Scanner, kind: str, pairs: list[tuple[str, str]]) -> None:
    """Everything behind the opening brace; a quoted text by itself is the metric name and goes first."""
    named = bool(pairs)
    while True:
        scanner.blanks()
        if scanner.takes(b"}"):
            return
        quoted = scanner.take(QUOTED)
        name = quoted or scanner.take(LABEL)
        if not name:
            raise PageError("no label name")
        label = quoted_name(name[1]) if quoted else name[0].decode()
        scanner.blanks()
        if quoted and not named and scanner.byte() in b",}":
            pairs.insert(0, ("__name__", label))
            named = True
        else:
            pairs.append((label, read_label_value(scanner, label, kind)))
            scanner.blanks()
        scanner.takes(b",")


def read_label_value(scanner: Scanner, label: str, kind: str) -> str:
    if not scanner.takes(b"="):
        raise PageError("no equal")
    scanner.blanks()
    text = scanner.take(QUOTED)
    if not text:
        raise PageError("no label value")
    value = unescape(text[1])
    return normal_bound(value) if NUMBER_LABELS.get(kind) == label else value


def read_tail(scanner: Scanner) -> tuple[float, int | None]:
    scanner.blanks()
    text = scanner.take(VALUE)
    if not text:
        raise PageError("no value")
    try:
        value = parse_float(text[0].decode())
    except ValueError as error:
        raise PageError(str(error)) from error
    scanner.blanks()
    digits = scanner.take(TIMESTAMP)
    if digits and int(digits[0]) >= 2**63:
        raise PageError("timestamp out of range")
    scanner.blanks()
    if not scanner.takes(b"\n"):
        raise PageError("no end")
    return value, int(digits[0]) if digits else None


@dataclass
class Scrape:
    """What a parse said: known samples, then new ones."""

    known: list[tuple[int, int, float]] = field(default_factory=list)  # Ref, time, value.
    new: list[tuple[dict[str, str], int, float]] = field(default_factory=list)
    new_texts: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    tracked: set[bytes] = field(default_factory=set)
    metadata: list[tuple[str, str, str]] = field(default_factory=list)
    samples: int = 0
    duplicates: int = 0
    kept: int = 0


class ScrapeCache:
    """One target's memory as dictionaries."""

    def __init__(self) -> None:
        self.refs: dict[bytes, int] = {}
        self.tracked: set[int] = set()
        self.families: dict[str, dict[str, str]] = {}
        self.last_seen: dict[str, int] = {}
        self.scrapes = 0

    def parse(self, body: bytes, default_ms: int, *, honor: bool, track: bool) -> Scrape:
        page = read_page(body)
        scrape = Scrape(metadata=page.metadata, samples=len(page.samples))
        for sample in page.samples:
            explicit_ms = sample.timestamp_ms if honor else None
            seen = sample.text in scrape.texts
            scrape.texts.append(sample.text)
            if not seen and (explicit_ms is None or track):
                scrape.tracked.add(sample.text)
            ref = self.refs.get(sample.text)
            if ref == 0:
                continue
            scrape.kept += ref is not None
            time_ms = default_ms if explicit_ms is None else explicit_ms
            if seen and explicit_ms is None:
                scrape.duplicates += 1
            elif ref is not None:
                scrape.known.append((ref, time_ms, sample.value))
            else:
                scrape.new.append((sample.labels, time_ms, sample.value))
                scrape.new_texts.append(sample.text)
        return scrape

    def accept(self, body: bytes, scrape: Scrape, refs: Sequence[int]) -> set[int]:
        self.scrapes += 1
        before = self.tracked
        if not body:
            self.tracked = set()
            return before
        known = self.refs | dict(zip(scrape.new_texts, refs, strict=True))
        self.refs = {text: known[text] for text in scrape.texts}
        self.tracked = {known[text] for text in scrape.tracked} - {0}
        for family, keyword, text in scrape.metadata:
            self.families.setdefault(family, {})[keyword] = text
            self.last_seen[family] = self.scrapes
        for family in [family for family, seen in self.last_seen.items() if self.scrapes - seen > 10]:
            del self.families[family], self.last_seen[family]
        return before - self.tracked

    def reject(self) -> set[int]:
        self.scrapes += 1
        before, self.tracked = self.tracked, set()
        return before

    def forget(self, refs: set[int]) -> None:
        self.refs = {text: ref for text, ref in self.refs.items() if ref not in refs}
        self.tracked -= refs

    def metadata(self) -> set[tuple[str, str, str, str]]:
        families = self.families.items()
        return {(name, said.get("TYPE", "unknown"), said.get("HELP", ""), "") for name, said in families}
