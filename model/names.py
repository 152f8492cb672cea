"""Which texts are metric and label names.

The legacy scheme is the old alphabet; under the UTF-8 scheme any non-empty text that can be encoded is a name.
"""

import re
from enum import StrEnum

_LEGACY_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEGACY_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


class NameScheme(StrEnum):
    """`metric_name_validation_scheme` of a configuration."""

    UTF8 = "utf8"
    LEGACY = "legacy"


def is_label_name(name: str, scheme: NameScheme = NameScheme.UTF8) -> bool:
    """Whether `name` may stand left of an equals sign."""
    return _is_utf8(name) if scheme is NameScheme.UTF8 else _LEGACY_LABEL.fullmatch(name) is not None


def is_metric_name(name: str, scheme: NameScheme = NameScheme.UTF8) -> bool:
    """Whether `name` may stand before the braces."""
    return _is_utf8(name) if scheme is NameScheme.UTF8 else _LEGACY_METRIC.fullmatch(name) is not None


def _is_utf8(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # A lone surrogate: Python can hold it, UTF-8 cannot.
        return False
