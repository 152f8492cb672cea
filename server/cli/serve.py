"""`cardinal serve`: Prometheus' flags, one life of the server, Prometheus' exit codes."""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from typing import Any

import click
import uvloop

from model.errors import CardinalError, ConfigError
from server.config import load_config
from server.flags import FLAGS, Flag, FlagKind, parse_flag
from server.logs import FORMATS, LEVELS, configure_logs
from server.runtime import KNOWN_FEATURES, Server, external_url_of, listen, route_prefix_of

logger = logging.getLogger(__name__)

EXIT_FAILURE = 1
EXIT_USAGE = 2


def _with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Every flag of the table as an option."""
    for flag in reversed(list(FLAGS.values())):
        names = f"--{flag.name}/--no-{flag.name}" if flag.kind is FlagKind.BOOLEAN else f"--{flag.name}"
        help_text = flag.help if flag.obeyed else f"{flag.help} (Accepted, without effect yet.)"
        repeated = flag.kind is FlagKind.TEXTS
        options: dict[str, Any] = {
            "default": None,
            "help": help_text,
            "multiple": repeated,
            "hidden": flag.hidden,
        }
        if flag.kind is not FlagKind.BOOLEAN:
            options["metavar"] = flag.default or flag.kind.value.upper()
        command = click.option(names, _parameter(flag), **options)(command)
    return command


def _parameter(flag: Flag) -> str:
    return flag.name.replace(".", "_").replace("-", "_")


def flag_values(given: dict[str, Any]) -> dict[str, Any]:
    """The value of every flag: what was given, else its default.

    Raises:
        ConfigError: a value that cannot be read.
    """
    values: dict[str, Any] = {}
    for flag in FLAGS.values():
        got = given.get(_parameter(flag))
        if isinstance(got, bool):
            values[flag.name] = got
        else:
            text = ",".join(got) if isinstance(got, tuple) else got
            values[flag.name] = parse_flag(flag, text or flag.default)
    choices: dict[str, tuple[str, ...]] = {"log.level": tuple(LEVELS), "log.format": FORMATS}
    for name, allowed in choices.items():
        if values[name] not in allowed:
            raise ConfigError(f'--{name}: want one of {", ".join(allowed)}, got "{values[name]}"')
    return values


def _warn(given: dict[str, Any], values: dict[str, Any]) -> None:
    for flag in FLAGS.values():
        if not flag.obeyed and given.get(_parameter(flag)) not in (None, ()):
            logger.warning("--%s is accepted but has no effect yet", flag.name)
    for feature in values["enable-feature"]:
        if feature not in KNOWN_FEATURES:
            logger.warning("Unknown option for --enable-feature: %s", feature)


@click.command()
@_with_flags
def serve(**given: Any) -> None:  # noqa: ANN401 -- one per flag.
    """Scrape targets, store samples and answer questions, on Prometheus' flags and configuration."""
    try:
        values = flag_values(given)
        configure_logs(values["log.level"], values["log.format"])
        config = load_config(values["config.file"])
        sockets = [listen(address) for address in values["web.listen-address"]]
    except ConfigError as error:
        print(f"Error loading config (--config.file or flags): {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    _warn(given, values)
    port = sockets[0].getsockname()[1]
    where = external_url_of(values) if values["web.external-url"] else f"http://localhost:{port}"
    print(f"Cardinal answers at {where}{route_prefix_of(values)}/api/v1/query?query=up", flush=True)
    gc.freeze()  # What is loaded now stays; the collector need not look at it again.
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Server(values, config, sockets).run())
    except CardinalError as error:
        logger.error("%s", error)  # noqa: TRY400 -- the text says it all.
        sys.exit(EXIT_FAILURE)
