"""The typed door to the Rust kernels; the only module that imports the compiled one."""

from kernels._native import (
    CorruptionError,
    ExpositionError,
    LabelFrame,
    RegexError,
    Symbols,
)

__all__ = [
    "CorruptionError",
    "ExpositionError",
    "LabelFrame",
    "RegexError",
    "Symbols",
]
