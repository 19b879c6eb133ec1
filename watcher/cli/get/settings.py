"""The watcher's own settings, as far as this command has use for them.

They are not looked for: without `--config` no file counts, the `WATCHER_` variables give rules for `--decide` and
`--wait` alone, and how AWS is reached is the AWS CLI's affair. With `--config`, `[aws]` of the file (and
`WATCHER_AWS__...`) is the default for the options that the command line does not have.
"""

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watcher.config import Loaded, load

# Option's name here, key of `[aws]`, and the value that the option has when it is not given.
_DEFAULTS: tuple[tuple[str, str, Any], ...] = (
    ("region", "region", None),
    ("profile", "profile", None),
    ("endpoint_url", "endpoint_url", None),
    ("ca_bundle", "ca_bundle", None),
    ("verify_ssl", "verify_ssl", True),
    ("sign_request", "sign_request", True),
    ("connect_timeout", "connect_timeout", None),
    ("read_timeout", "read_timeout", None),
)


def read_settings(config: str | None) -> Loaded:
    """The settings of a file and the environment, or of the environment alone.

    Raises:
        ConfigError: with every problem that there is.
    """
    # The null device is an empty file: named, so that no other one is looked for.
    return load(Path(config or os.devnull), {}, os.environ, Path.cwd())


def fill_in(options: Namespace, loaded: Loaded) -> None:
    """Give the options that the command line left open the file's values."""
    for option, key, absent in _DEFAULTS:
        if getattr(options, option) == absent and _is_the_watchers(loaded.origins, f"aws.{key}"):
            setattr(options, option, getattr(loaded.settings.aws, key) or _off(option))


def _is_the_watchers(origins: Mapping[str, str], key: str) -> bool:
    """Whether a value is neither a default nor from a variable of AWS's, which botocore reads for itself."""
    origin = origins[key]
    return origin != "default" and not origin.startswith("env AWS_")


def _off(option: str) -> Any:
    """What an empty or zero setting means as an option: not given, off, or no limit."""
    if option in ("verify_ssl", "sign_request"):
        return False
    return 0 if option.endswith("_timeout") else None
