"""`scrape_failure_log_file`: every failed scrape as a line of JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TextIO


class FailureLogs:
    """One open file per path, however many jobs write to it. Any thread may write."""

    def __init__(self) -> None:
        self._files: dict[str, TextIO] = {}
        self._lock = Lock()

    def write(self, path: str, job_name: str, url: str, message: str, now_ns: int) -> None:
        """Append one failure; an empty path means that nobody wants to know.

        Raises:
            OSError: the file cannot be written.
        """
        if not path:
            return
        entry = {
            "time": datetime.fromtimestamp(now_ns / 1e9, UTC).isoformat(),
            "level": "ERROR",
            "msg": message,
            "job_name": job_name,
            "target": url,
        }
        with self._lock:
            if path not in self._files:
                self._files[path] = Path(path).open("a", encoding="utf-8")  # noqa: SIM115  # It stays open.
            self._files[path].write(json.dumps(entry) + "\n")
            self._files[path].flush()

    def close(self) -> None:
        """Close every file; the next failure opens its file anew, so that logs can be rotated by a reload."""
        with self._lock:
            files, self._files = self._files, {}
            for file in files.values():
                file.close()
