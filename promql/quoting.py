"""Label sets as messages show them."""

from model.labels import Labels
from model.names import NameScheme, is_label_name, quote


def print_labels(labels: Labels) -> str:
    """`{a="1", b="2"}`; a name is quoted where it is not of the old alphabet."""
    pairs = (f"{_name(name)}={quote(value)}" for name, value in labels)
    return f"{{{', '.join(pairs)}}}"


def _name(name: str) -> str:
    return name if is_label_name(name, NameScheme.LEGACY) else quote(name)
