"""What Cardinal says of itself, and which Prometheus it behaves like."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

PROMETHEUS_VERSION: Final = "3.14.0"
"""The behaviour that is matched; clients choose features by it."""

try:
    CARDINAL_VERSION = version("cardinal-tsdb")
except PackageNotFoundError:
    CARDINAL_VERSION = "0.0.0"  # A source tree that was never installed.

USER_AGENT: Final = f"Prometheus/{PROMETHEUS_VERSION} Cardinal/{CARDINAL_VERSION}"


def version_line() -> str:
    """What `--version` says."""
    return f"cardinal {CARDINAL_VERSION} (behaves as Prometheus {PROMETHEUS_VERSION})"


def build_information() -> dict[str, str]:
    """As `status/buildinfo` and `/version` show it."""
    return {
        "version": PROMETHEUS_VERSION,
        "revision": f"cardinal-{CARDINAL_VERSION}",
        "branch": "main",
        "buildUser": "",
        "buildDate": "",
        "goVersion": f"python{platform.python_version()}",
    }
