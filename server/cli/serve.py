"""`cardinal serve`: Prometheus' flags, one life of the server, Prometheus' exit codes."""

import asyncio
import gc
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click
import uvloop

from model.errors import CardinalError, ConfigError
from server.cli.arguments import HELP, UsageError, parse_arguments
from server.cli.help import help_text
from server.config import load_config
from server.flags import FLAGS, GONE, REFUSED, parse_flag
from server.logs import FORMATS, LEVELS, configure_logs
from server.memory import limit_arenas
from server.runtime import Server
from server.settings import KNOWN_FEATURES, check_flags, external_url_of, listen, route_prefix_of
from server.version import version_line

logger = logging.getLogger(__name__)

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_MODE = 3
ANY_HOST = ("", "0.0.0.0", "::")  # noqa: S104 -- what a user writes, not what we choose.


def flag_values(given: Mapping[str, str]) -> dict[str, Any]:
    """The value of every flag: what was given, else its default.

    Raises:
        ConfigError: a value that cannot be read.
    """
    values: dict[str, Any] = {
        flag.name: parse_flag(flag, given.get(flag.name, flag.default)) for flag in FLAGS.values()
    }
    choices: dict[str, tuple[str, ...]] = {"log.level": tuple(LEVELS), "log.format": FORMATS}
    for name, allowed in choices.items():
        if values[name] not in allowed:
            raise ConfigError(f'--{name}: want one of {", ".join(allowed)}, got "{values[name]}"')
    for name, advice in REFUSED.items():
        if values[name]:
            raise ConfigError(f"--{name}: {advice}")
    check_flags(values)
    return values


def _usage_error(text: object) -> NoReturn:
    print(f"Error parsing command line arguments: {text}\n\n{help_text(hidden=False)}", file=sys.stderr)
    sys.exit(EXIT_USAGE)


def _read(arguments: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What was given, and the value of every flag; ends the process where there is nothing to serve."""
    try:
        given = parse_arguments(arguments, {**FLAGS, **GONE})
        if "version" in given:
            print(version_line())
            sys.exit(0)
        if not given.keys().isdisjoint(HELP):
            print(help_text(hidden="help" not in given), end="")
            sys.exit(0)
        values = flag_values(given)
    except (UsageError, ConfigError) as error:
        _usage_error(error)
    agents = [f'"--{name}"' for name in given if name in FLAGS and FLAGS[name].agent]
    if agents:
        print(f"The following flag(s) can not be used in server mode: [{' '.join(agents)}]", file=sys.stderr)
        sys.exit(EXIT_MODE)
    return given, values


def _warn(given: Mapping[str, str], values: Mapping[str, Any]) -> None:
    for name in given:
        if name in GONE:
            logger.warning("--%s is gone since Prometheus 3 and ignored: %s", name, GONE[name].help)
        elif not FLAGS[name].obeyed:
            logger.warning("--%s is accepted but has no effect yet", name)
    for feature in values["enable-feature"]:
        if feature not in KNOWN_FEATURES:
            logger.warning("Unknown option for --enable-feature: %s", feature)


def _address(values: Mapping[str, Any], port: int) -> str:
    """Under what a user finds the API."""
    if values["web.external-url"]:
        return external_url_of(values)
    host = values["web.listen-address"][0].rpartition(":")[0]
    return f"http://{'localhost' if host.strip('[]') in ANY_HOST else host}:{port}{route_prefix_of(values)}"


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Scrape targets, store samples and answer questions (--help lists Prometheus' flags)."""
    given, values = _read(arguments)
    configure_logs(values["log.level"], values["log.format"])
    _warn(given, values)
    path = values["config.file"]
    try:
        config = load_config(path)
    except ConfigError as error:
        logger.error("Error loading config (--config.file=%s): %s", path, error)  # noqa: TRY400 -- says it all.
        sys.exit(EXIT_USAGE)
    limit_arenas()
    gc.collect()
    gc.freeze()  # What is loaded now stays; the collector need not look at it again.
    try:
        sockets = [listen(address) for address in values["web.listen-address"]]
        where = _address(values, sockets[0].getsockname()[1])

        def announce() -> None:
            print(f"Cardinal answers at {where}/api/v1/query?query=up", flush=True)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Server(values, config, sockets).run(announce))
    except (CardinalError, OSError) as error:
        logger.error("%s", error)  # noqa: TRY400 -- the text says it all.
        sys.exit(EXIT_FAILURE)
