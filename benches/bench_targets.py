"""The promises about speed. A miss is written down, not raised: what a loaded machine says proves nothing."""

import pytest

from benches import targets

SIZES = [(targets.SMALL, 1), pytest.param((targets.LARGE, targets.RUNS), marks=pytest.mark.large)]


@pytest.mark.parametrize("size", SIZES, ids=["small", "large"])
def bench_targets(benchmark, tmp_path, size):
    figures = benchmark.pedantic(
        lambda: [(target, targets.figure_of(target, *size)) for target in targets.TARGETS], rounds=1
    )
    place = targets.PAGE if size[0] is targets.LARGE else tmp_path / targets.PAGE.name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(targets.page(figures))
    benchmark.extra_info.update({target.name: figure for target, figure in figures})
    assert all(figure > 0 for _, figure in figures)
    assert place.read_text().count("| `python -m benches.targets ") == len(targets.TARGETS)
