"""The house keeps its order: a package imports only what stands left of it, and no file outgrows its noun."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = [{"kernels"}, {"model"}, {"tsdb", "promql", "scraper"}, {"server"}]
OURS = set().union(*LAYERS)
LINES_MAX = 600
RUST_SHARE_MAX = 1 / 3


def packages_imported_by(source: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: want absolute imports"
            names.add((node.module or "").split(".")[0])
    return names & OURS


def sources(*suffixes: str) -> list[Path]:
    folders = [*sorted(OURS), "tests", "benches"]
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if "target" not in path.parts)
    return [path for path in files if path.suffix in suffixes]


@pytest.mark.parametrize("height", range(len(LAYERS)))
def test_a_package_imports_only_the_layers_below_its_own(height):
    below = set().union(*LAYERS[:height])
    for package in LAYERS[height]:
        for source in (ROOT / package).rglob("*.py"):
            upward = packages_imported_by(source) - below - {package}
            assert not upward, f"{source} imports {sorted(upward)}"


def test_only_the_door_of_the_kernels_imports_the_compiled_module():
    door = ROOT / "kernels" / "__init__.py"
    others = [path for path in sources(".py") if path != door and path != Path(__file__)]
    assert not [path for path in others if re.search(r"\b_native\b", path.read_text())]


def test_no_import_hides_inside_a_function():
    for source in sources(".py"):
        if "tests" in source.parts or "benches" in source.parts:
            continue
        for function in ast.walk(ast.parse(source.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
                assert not hidden, f"{source}:{hidden}"


def test_no_file_is_longer_than_its_noun_deserves():
    lines = {str(path): len(path.read_text().splitlines()) for path in sources(".py", ".rs", ".pyi")}
    assert not {path: count for path, count in lines.items() if count > LINES_MAX}


def test_rust_stays_within_a_third_of_the_code():
    def lines_of(*suffixes: str) -> int:
        return sum(len(path.read_text().splitlines()) for path in sources(*suffixes))

    rust, others = lines_of(".rs"), lines_of(".py", ".pyi", ".lark")
    assert rust / (rust + others) <= RUST_SHARE_MAX
