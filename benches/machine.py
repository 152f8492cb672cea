"""Where and when figures were measured, for the head of a report."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def described() -> str:
    """One line: processor, cores, memory, versions, date."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine()
    )
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {gigabytes:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )
