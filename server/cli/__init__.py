"""The command `cardinal`."""

from server.cli.main import main

__all__ = ["main"]
