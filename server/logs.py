"""Log lines as Prometheus writes them: logfmt or JSON on standard error."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
FORMATS: Final = ("logfmt", "json")


def _fields(record: logging.LogRecord) -> dict[str, str]:
    moment = datetime.fromtimestamp(record.created, UTC)
    level = "WARN" if record.levelno == logging.WARNING else record.levelname
    fields = {
        "time": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z",
        "level": level,
        "source": f"{record.filename}:{record.lineno}",
        "msg": record.getMessage(),
    }
    extra = getattr(record, "fields", None) or {}
    fields |= {name: str(value) for name, value in extra.items()}
    if record.exc_info:
        fields["trace"] = logging.Formatter().formatException(record.exc_info)
    return fields


def _quoted(text: str) -> str:
    plain = text and text.isprintable() and not set(' ="').intersection(text)
    return text if plain else json.dumps(text, ensure_ascii=False)


class LogfmtFormatter(logging.Formatter):
    """`name=value` pairs, quoted where they must be."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return " ".join(f"{name}={_quoted(value)}" for name, value in _fields(record).items())


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return json.dumps(_fields(record), ensure_ascii=False)


def configure_logs(level: str, form: str) -> None:
    """Send every log line to standard error in `form` from `level` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else LogfmtFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    for name in ("uvicorn", "asyncio"):  # At info they tell of themselves, not of us.
        logging.getLogger(name).setLevel(max(LEVELS[level], logging.WARNING))
