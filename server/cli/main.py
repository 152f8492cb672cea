"""`cardinal` and its commands."""

import click

from server.cli.serve import serve
from server.cli.test import test
from server.version import CARDINAL_VERSION, PROMETHEUS_VERSION


@click.group()
@click.version_option(
    CARDINAL_VERSION, message=f"cardinal %(version)s (behaves as Prometheus {PROMETHEUS_VERSION})"
)
def main() -> None:
    """A Prometheus-compatible time-series database and scrape server."""


main.add_command(serve)
main.add_command(test)
