"""From what discovery found to what is scraped: defaults, relabelling, checks, URL, identity."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from kernels import LabelFrame, Symbols
from model.durations import format_duration, parse_duration
from model.labels import INSTANCE, JOB, Labels, labels_of
from model.relabel import relabel
from scraper.discovery.groups import TargetGroup
from scraper.errors import TargetError
from scraper.job import ScrapeJob

ADDRESS: Final = "__address__"
SCHEME: Final = "__scheme__"
METRICS_PATH: Final = "__metrics_path__"
INTERVAL: Final = "__scrape_interval__"
TIMEOUT: Final = "__scrape_timeout__"
UNIX_SOCKET: Final = "__unix_socket__"
PARAMETER_PREFIX: Final = "__param_"
META_PREFIX: Final = "__meta_"
SWITCHES: Final = (
    "__convert_classic_histograms_to_nhcb__",
    "__always_scrape_classic_histograms__",
    "__scrape_native_histograms__",
)

_TRUTHS: Final = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
_PATH_SAFE: Final = "/:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Target:
    """One place to scrape."""

    labels: Labels  # After relabelling, `__*` included, `__meta_*` not.
    discovered: Labels = field(repr=False)  # Before relabelling, defaults included.
    url: str
    interval_ms: int
    timeout_ms: int
    unix_socket: str = ""

    @property
    def public_labels(self) -> Labels:
        """What its series get."""
        return tuple(pair for pair in self.labels if not pair[0].startswith("__"))

    @property
    def identity(self) -> int:
        """64 bits that are equal for equal labels and URL, in every process."""
        digest = hashlib.blake2b(digest_size=8)
        for text in (self.url, *(text for pair in self.labels for text in pair)):
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(4, "little") + encoded)
        return int.from_bytes(digest.digest(), "little")


@dataclass(frozen=True, slots=True)
class Targets:
    """What became of everything discovered for one job."""

    active: tuple[Target, ...]  # Each identity once.
    dropped: tuple[Labels, ...]  # Discovered labels of what relabelling dropped.
    failures: tuple[str, ...]  # Why others make no target.


def build_targets(job: ScrapeJob, groups: Sequence[TargetGroup]) -> Targets:
    """Every target of `groups`, through the job's relabelling in one go."""
    places: list[tuple[TargetGroup, int]] = []
    discovered: list[Labels] = []
    for group in groups:
        for number, found in enumerate(group.targets):
            places.append((group, number))
            discovered.append(discovered_labels(job, {**group.labels, **found}))
    # A table of its own: what discovery says of a target must not stay in the store's.
    result = relabel(job.relabel_rules, LabelFrame.from_labels(Symbols(), discovered))
    active: dict[int, Target] = {}
    failures: list[str] = []
    kept: set[int] = set()
    for row, labels in zip(result.rows.tolist(), result.labels.rows(), strict=True):
        if not labels:
            continue
        kept.add(row)
        group, number = places[row]
        try:
            target = build_target(job, labels, discovered[row])
            active.setdefault(target.identity, target)
        except TargetError as error:
            failures.append(f"instance {number} in group {group.source}: {error}")
    dropped = tuple(labels for row, labels in enumerate(discovered) if row not in kept)
    return Targets(tuple(active.values()), dropped, tuple(failures))


def discovered_labels(job: ScrapeJob, labels: Mapping[str, str]) -> Labels:
    """The labels that relabelling starts from: the job's defaults fill what is missing or empty."""
    return labels_of({**_defaults(job), **{name: value for name, value in labels.items() if value}})


def _defaults(job: ScrapeJob) -> dict[str, str]:
    switches = (
        job.convert_classic_histograms_to_nhcb,
        job.always_scrape_classic_histograms,
        job.scrape_native_histograms,
    )
    return {
        JOB: job.job_name,
        INTERVAL: format_duration(job.scrape_interval_ms),
        TIMEOUT: format_duration(job.scrape_timeout_ms),
        METRICS_PATH: job.metrics_path,
        SCHEME: job.scheme,
        **{name: "true" if on else "false" for name, on in zip(SWITCHES, switches, strict=True)},
        **{PARAMETER_PREFIX + name: values[0] for name, values in job.params.items() if values},
    }


def build_target(job: ScrapeJob, relabelled: Labels, discovered: Labels) -> Target:
    """A target from its relabelled labels.

    Raises:
        TargetError: they make none.
    """
    labels = dict(relabelled)
    address = labels.get(ADDRESS, "")
    if not address:
        raise TargetError("no address")
    if "/" in address:
        raise TargetError(f'"{address}" is not a valid hostname')
    interval_ms = _duration(labels, INTERVAL, "scrape interval")
    timeout_ms = _duration(labels, TIMEOUT, "scrape timeout")
    if timeout_ms > interval_ms:
        raise TargetError(
            "scrape timeout cannot be greater than scrape interval "
            f'("{labels[TIMEOUT]}" > "{labels[INTERVAL]}")'
        )
    for name in SWITCHES:
        if labels.get(name, "false") not in _TRUTHS:
            raise TargetError(f'label {name}: want "true" or "false", got "{labels[name]}"')
    labels.setdefault(INSTANCE, address)
    final = labels_of((name, value) for name, value in labels.items() if not name.startswith(META_PREFIX))
    return Target(
        final, discovered, build_url(job, labels), interval_ms, timeout_ms, labels.get(UNIX_SOCKET, "")
    )


def _duration(labels: Mapping[str, str], name: str, what: str) -> int:
    try:
        duration_ms = parse_duration(labels.get(name, ""))
    except ValueError as error:
        raise TargetError(f"error parsing {what}: {error}") from None
    if duration_ms == 0:
        raise TargetError(f"{what} cannot be 0")
    return duration_ms


def build_url(job: ScrapeJob, labels: Mapping[str, str]) -> str:
    """Scheme, address, path, and the job's parameters with those of the labels in front."""
    path = quote(labels.get(METRICS_PATH, ""), safe=_PATH_SAFE)
    if path and not path.startswith("/"):
        path = "/" + path
    query = urlencode(list(_parameters(job, labels)))
    return f"{labels.get(SCHEME, '')}://{labels[ADDRESS]}{path}" + (f"?{query}" if query else "")


def _parameters(job: ScrapeJob, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    values = {name: list(each) for name, each in job.params.items()}
    for name, value in labels.items():
        if name.startswith(PARAMETER_PREFIX):
            key = name.removeprefix(PARAMETER_PREFIX)
            values[key] = [value, *values.get(key, [])[1:]]
    return ((name, value) for name in sorted(values) for value in values[name])
