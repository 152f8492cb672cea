"""The steps of cardinality growth as a page and a picture."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benches.growth import SCRAPES, Step
from benches.machine import described

NAME = "cardinality-growth"
BLUE, ORANGE, GREEN, RED = "#2563a8", "#d97706", "#2f855a", "#b4304a"
INK, FAINT = "#333a45", "#d9dde3"
NAME_POINTS = 12  # The height of one line of text.
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": NAME,  # The same figures make the same file.
}
Lines = Sequence[tuple[str, str, Sequence[float]]]  # label, colour, a value a step.

PAGE = f"""# Cardinality growth

What one more series costs while a store grows. A fleet of web pods (counters, gauges and classic
histograms, 500 series a pod, 5,000 a target) is scraped {SCRAPES} times, 15 s apart, through the whole path
of the product in one process: page in the text format, target labels, two relabelling rules, write-ahead log,
open chunks; then the engine is asked over five minutes of samples. Every answer is compared with what the
pods exposed.

![Creation rate, memory, scrape time and query time against the number of series]({NAME}.svg)

"""
NOTES = """
* **created**: series that were never seen before, from the bytes of their page to the end of their first
  commit.
* **resident** and **peak**: what the operating system counts, with 21 samples of each series in the head,
  less what the process held before. **counted**: what the kernels hold by their own account.
* **parse**, **kernels**, **packing**, **scrape**: a page whose lines are all known. Kernels are parsing,
  checking, appending to open chunks and encoding the log record; packing compresses and frames that record;
  scrape is all of it and the writing of the log.
* **count**: `count(http_requests_total)`, a third of all series. **sum of rate**:
  `sum by (endpoint) (rate(http_requests_total[5m]))` over 20 samples of each. **three matchers**:
  `http_requests_total{instance="host-0000:9100",status=~"5.."}`, the same 320 series at every step, with
  their labels. **values**: every value of the label `pod`.
* All times are CPU time on one core; questions are the median of five.
"""


def table(steps: Sequence[Step]) -> str:
    """Markdown, a row for each figure."""
    rows: list[tuple[str, list[str]]] = [
        ("created, series/s", [f"{step.created_per_s:,}" for step in steps]),
        ("resident, bytes a series", [f"{step.resident_bytes_per_series:,}" for step in steps]),
        ("peak, bytes a series", [f"{step.peak_bytes_per_series:,}" for step in steps]),
        ("counted, bytes a series", [f"{step.counted_bytes_per_series:,}" for step in steps]),
        ("parse, ns a sample", [f"{step.parse_ns:.0f}" for step in steps]),
        ("kernels, ns a sample", [f"{step.kernels_ns:.0f}" for step in steps]),
        ("packing, ns a sample", [f"{step.packing_ns:.0f}" for step in steps]),
        ("scrape, ns a sample", [f"{step.scrape_ns:.0f}" for step in steps]),
        ("count, ms", [f"{step.count_ms:.2f}" for step in steps]),
        ("sum of rate, ms", [f"{step.rate_ms:.2f}" for step in steps]),
        ("three matchers, ms", [f"{step.select_ms:.2f}" for step in steps]),
        ("values, ms", [f"{step.values_ms:.2f}" for step in steps]),
        ("all scrapes, CPU s", [f"{step.cpu_s:.2f}" for step in steps]),
    ]
    head = "| series | " + " | ".join(f"{step.series:,}" for step in steps) + " |\n"
    rule = "|---|" + "---:|" * len(steps) + "\n"
    return head + rule + "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in rows)


def short(number: float) -> str:
    """1000 as 1 k."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def draw_panel(axes: Axes, title: str, series: Sequence[int], lines: Lines) -> None:
    """Lines over the number of series, each named at its end."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=10)
    axes.set_xscale("log")
    axes.set_xticks(series, [short(number) for number in series])
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.tick_params(length=0, pad=5)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    for _, colour, values in lines:
        axes.plot(series, values, color=colour, linewidth=2, marker="o", markersize=4.5, clip_on=False)


def name_lines(axes: Axes, x: float, lines: Lines) -> None:
    """Each line's name at its end, the lower ones moved down where names would touch."""
    points_a_pixel = 72 / axes.get_figure(root=True).dpi
    free_below = float("inf")
    for label, colour, values in sorted(lines, key=lambda line: -line[2][-1]):
        end = float(axes.transData.transform((x, values[-1]))[1]) * points_a_pixel
        at = min(end, free_below)
        free_below = at - NAME_POINTS
        axes.annotate(
            label,
            (x, values[-1]),
            xytext=(9, at - end),
            textcoords="offset points",
            color=colour,
            verticalalignment="center",
            annotation_clip=False,
        )


def draw(steps: Sequence[Step]) -> Figure:
    """Four small panels over one axis of series."""
    figure = Figure(figsize=(10, 6.4))
    panels = figure.subplots(2, 2, gridspec_kw={"hspace": 0.45, "wspace": 0.62})
    series = [step.series for step in steps]
    contents: list[tuple[str, Lines]] = [
        (
            "Series created, thousands a second",
            [("one core", BLUE, [step.created_per_s / 1000 for step in steps])],
        ),
        (
            "Memory, bytes a series",
            [
                ("resident", BLUE, [step.resident_bytes_per_series for step in steps]),
                ("counted", ORANGE, [step.counted_bytes_per_series for step in steps]),
            ],
        ),
        (
            "Scrape of known series, CPU ns a sample",
            [
                ("page to commit", BLUE, [step.scrape_ns for step in steps]),
                ("kernels", ORANGE, [step.kernels_ns for step in steps]),
                ("parse", GREEN, [step.parse_ns for step in steps]),
            ],
        ),
        (
            "Instant questions, CPU ms",
            [
                ("sum of rate, 5m", BLUE, [step.rate_ms for step in steps]),
                ("count", ORANGE, [step.count_ms for step in steps]),
                ("label values", GREEN, [step.values_ms for step in steps]),
                ("three matchers", RED, [step.select_ms for step in steps]),
            ],
        ),
    ]
    for axes, (title, lines) in zip(panels.flat, contents, strict=True):
        draw_panel(axes, title, series, lines)
        axes.set_ylim(bottom=0)
    questions = panels.flat[-1]
    questions.set_yscale("log")
    questions.set_ylim(bottom=0.005)
    questions.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    for axes, (_, lines) in zip(panels.flat, contents, strict=True):
        axes.minorticks_off()
        name_lines(axes, series[-1], lines)
    for axes in panels[1]:
        axes.set_xlabel("series in the head")
    return figure


def write_report(steps: Sequence[Step], directory: str | Path) -> None:
    """Both files, replaced."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    command = "python -m pytest benches/bench_cardinality_growth.py -m large"
    measured = f"\nMeasured on {described()},\nby `make bench` (`{command}`).\n"
    (directory / f"{NAME}.md").write_text(PAGE + table(steps) + NOTES + measured)
    with mpl.rc_context(STYLE):
        draw(steps).savefig(directory / f"{NAME}.svg", metadata={"Date": None}, bbox_inches="tight")
