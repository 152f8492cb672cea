"""`cardinal` and its commands."""

import click

from server.cli.serve import serve
from server.cli.test import test
from server.version import CARDINAL_VERSION, version_line


@click.group()
@click.version_option(CARDINAL_VERSION, message=version_line())
def main() -> None:
    """A Prometheus-compatible time-series database and scrape server."""


main.add_command(serve)
main.add_command(test)
