"""prometheus.yml: read, checked, completed, and printed again."""

from server.config.file import Config, load_config, parse_config
from server.config.render import render_config

__all__ = ["Config", "load_config", "parse_config", "render_config"]
