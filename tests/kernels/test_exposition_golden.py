"""Pages as real exporters write them, beside what is read from them."""

from pathlib import Path

import pytest

import kernels

FOLDER = Path(__file__).parent.parent / "golden" / "exposition"
PAGES = sorted(FOLDER.glob("*.page"))


def described(body: bytes) -> str:
    cache = kernels.ScrapeCache(kernels.Symbols())
    page = cache.parse(body, 1_700_000_000_000)
    cache.accept(page.labels.column("__name__").astype("uint64"))
    suppressed = dict(page.suppressed)
    lines = [f"family {name} {kind} {text!r}" for name, kind, text, _ in cache.metadata()]
    rows = zip(page.labels.rows(), page.timestamps_ms.tolist(), page.values.tolist(), strict=True)
    for row, (labels, timestamp_ms, value) in enumerate(rows):
        empty = f" empty {','.join(suppressed[row])}" if row in suppressed else ""
        pairs = ", ".join(f"{name}={text!r}" for name, text in labels)
        lines.append(f"{pairs} | {value!r} at {timestamp_ms}{empty}")
    lines.append(f"{page.samples} samples, {page.duplicates} duplicates")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_reads_as_its_golden_file_says(path, golden):
    golden(path.with_suffix(".txt"), described(path.read_bytes()))


def test_there_are_golden_pages():
    assert len(PAGES) >= 4
