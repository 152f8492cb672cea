"""`cardinal test`: runs test files without a server."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from promql.testscript.commands import ScriptError
from promql.testscript.runner import Report, run_script
from tsdb.database import Database


@click.group()
def test() -> None:
    """Run test files."""


@contextmanager
def _open_store() -> Iterator[Database]:
    with TemporaryDirectory(prefix="cardinal-test-") as directory:
        database = Database.open(directory)
        try:
            yield database
        finally:
            database.close()


def _print(path: Path, report: Report) -> None:
    for outcome in report.failed:
        print(f"{path}:{outcome.line}: {outcome.query}\n    {outcome.reason}")
    for outcome in report.skipped:
        print(f"{path}:{outcome.line}: skipped: {outcome.reason}")


@test.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def promql(files: tuple[Path, ...]) -> None:
    """Run PromQL conformance scripts; exit 1 if an eval fails."""
    passed = failed = skipped = 0
    for path in files:
        try:
            report = run_script(path.read_text(), _open_store)
        except ScriptError as error:
            print(f"{path}: {error}")
            failed += 1
            continue
        _print(path, report)
        passed += report.passed
        failed += len(report.failed)
        skipped += len(report.skipped)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed else 0)
