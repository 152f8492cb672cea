"""The JSON envelope of the Prometheus API, and its kinds of error.

Source: HTTP API reference, sections 1.3 and 1.4. Answers are bytes made by kernels or orjson and are joined
here, never parsed again.
"""

from collections.abc import Sequence
from enum import Enum

import orjson
from starlette.responses import Response

WARNINGS_MAX = 10
HTML_ESCAPES = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))
LINE_ESCAPES = (("\u2028".encode(), b"\\u2028"), ("\u2029".encode(), b"\\u2029"))


class ErrorType(Enum):
    """Name in the body and HTTP status."""

    BAD_DATA = ("bad_data", 400)
    EXECUTION = ("execution", 422)
    CANCELED = ("canceled", 499)
    TIMEOUT = ("timeout", 503)
    INTERNAL = ("internal", 500)
    UNAVAILABLE = ("unavailable", 500)
    NOT_FOUND = ("not_found", 404)


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(self, kind: ErrorType, text: str) -> None:
        super().__init__(text)
        self.kind, self.text = kind, text


def to_json(value: object) -> bytes:
    """`value` as JSON that is safe inside HTML, as the API escapes everything but sample labels."""
    body = orjson.dumps(value)
    for plain, escaped in HTML_ESCAPES + LINE_ESCAPES:
        body = body.replace(plain, escaped)
    return body


def _first(texts: Sequence[str], kind: str) -> list[str]:
    rest = len(texts) - WARNINGS_MAX
    return [*texts[:WARNINGS_MAX], *([f"{rest} more {kind} annotations omitted"] if rest > 0 else [])]


def success(data: bytes, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Response:
    """`data` is JSON already."""
    parts = [b'{"status":"success","data":', data]
    if warnings:
        parts += [b',"warnings":', to_json(_first(warnings, "warning"))]
    if infos:
        parts += [b',"infos":', to_json(_first(infos, "info"))]
    parts.append(b"}")
    return Response(b"".join(parts), media_type="application/json")


def failure(error: ApiError) -> Response:
    """The envelope of an error."""
    name, status = error.kind.value
    body = to_json({"status": "error", "errorType": name, "error": error.text})
    return Response(body, status_code=status, media_type="application/json")


def plain(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A plain-text answer; errors carry the header that keeps browsers from guessing."""
    extra = {"X-Content-Type-Options": "nosniff"} if status >= 400 else {}
    return Response(text, status, {**extra, **(headers or {})}, media_type="text/plain")
