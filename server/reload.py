"""The configuration in force, and how another one takes its place.

A file that cannot be obeyed changes nothing: the old configuration stays, and the caller hears file, line and
field.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from glob import glob
from pathlib import Path

from model.errors import ConfigError
from server.config import Config, load_config
from server.metrics.registry import SelfMetrics

logger = logging.getLogger(__name__)

Apply = Callable[[Config], Awaitable[None]]


def checksum(path: str, config: Config) -> bytes | None:
    """Of the file and of every file it names, so that any change shows; None where one cannot be read."""
    digest = hashlib.sha256()
    try:
        digest.update(Path(path).read_bytes())
        for mark, patterns in ((b"r", config.rule_files), (b"s", config.scrape_config_files)):
            for pattern in patterns:
                for name in sorted(glob(pattern)):  # noqa: PTH207 -- patterns are absolute.
                    for part in (mark, os.fsencode(name), Path(name).read_bytes()):
                        digest.update(part + b"\0")
    except OSError:
        return None
    return digest.digest()


class Reloader:
    """Reads the file and hands what it says to every part."""

    def __init__(self, path: str, config: Config, metrics: SelfMetrics, parts: Mapping[str, Apply]) -> None:
        """`parts` take a configuration in this order; their names stand in the log."""
        self.config = config
        self.reloaded_s = 0.0  # Unix seconds of the last success.
        self.successful = True
        self._path = path
        self._metrics = metrics
        self._parts = parts
        self._applied: bytes | None = None
        self._turn = asyncio.Lock()  # Two reloads never meet.

    async def apply(self) -> None:
        """Bring every part under the configuration in force; one that fails does not keep the others from it.

        Raises:
            ConfigError: some part failed; the log says which.
        """
        for text in (*self.config.warnings, *self.config.unsupported):
            logger.warning("configuration: %s", text)
        failed = False
        for name, part in self._parts.items():
            try:
                await part(self.config)
            except Exception:
                failed = True
                logger.exception("Failed to apply configuration: %s", name)
        self._note(successful=not failed)
        if failed:
            raise ConfigError(
                "one or more errors occurred while applying the new configuration "
                f'(--config.file="{self._path}")'
            )

    async def reload(self) -> None:
        """Read the file again and apply it.

        Raises:
            ConfigError: the file cannot be obeyed and nothing changed, or some part failed.
        """
        async with self._turn:
            try:
                self.config = await asyncio.to_thread(load_config, self._path)
            except ConfigError as error:
                self._note(successful=False)
                logger.error("reloading the configuration: %s", error)  # noqa: TRY400 -- the text says it all.
                text = f'couldn\'t load configuration (--config.file="{self._path}"): {error}'
                raise ConfigError(text) from error
            await self.apply()
            logger.info("Completed loading of configuration file %s", self._path)

    async def reload_on_change(self, interval_s: float) -> None:
        """Look at the files again and again, until cancelled; what cannot be read counts as changed."""
        while True:
            await asyncio.sleep(interval_s)
            now = await asyncio.to_thread(checksum, self._path, self.config)
            if now is not None and now == self._applied:
                continue
            try:
                await self.reload()
            except ConfigError:
                continue  # The log has it; the next look tries again.

    def _note(self, *, successful: bool) -> None:
        self.successful = self._metrics.config_successful = successful
        if successful:
            self._applied = checksum(self._path, self.config)
            self.reloaded_s = self._metrics.config_success_s = time.time()
