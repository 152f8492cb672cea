"""Options and fixtures that every test may use."""

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden", action="store_true", help="rewrite golden files; read the diff before you commit it"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """A check that a text is what a golden file holds; with `--golden` the file takes the text over."""
    rewrites = request.config.getoption("--golden")

    def check(path: Path, text: str) -> None:
        if rewrites:
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8"), (
            f"{path}: rewrite it with `make golden` if the new text is right"
        )

    return check
