"""The watcher's own settings, as far as this command needs them.

No file is searched for: without `--config` none counts, the `WATCHER_` variables only give rules for `--decide` and
`--wait`, and AWS is reached as by the AWS CLI. With `--config`, `[aws]` of the file (and `WATCHER_AWS__...`) gives
the defaults for options that the command line does not set, and the region is the one that `watcher run` would use.
"""

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watcher.aws.session import resolve_region
from watcher.config import Loaded, load

# Option's name here, key of `[aws]`, and the option's value if it is not given.
_DEFAULTS: tuple[tuple[str, str, Any], ...] = (
    ("profile", "profile", None),
    ("endpoint_url", "endpoint_url", None),
    ("ca_bundle", "ca_bundle", None),
    ("verify_ssl", "verify_ssl", True),
    ("sign_request", "sign_request", True),
    ("connect_timeout", "connect_timeout", None),
    ("read_timeout", "read_timeout", None),
)


def read_settings(config: str | None) -> Loaded:
    """The settings of a file and the environment, or only of the environment.

    Raises:
        ConfigError: with every problem.
    """
    # The null device is an empty file, named so that no other one is searched for.
    return load(Path(config or os.devnull), {}, os.environ, Path.cwd())


def fill_in(options: Namespace, loaded: Loaded) -> None:
    """Give options that the command line does not set the file's values.

    Raises:
        ConfigError: the profile, whose region counts, does not exist.
        WatcherError: AWS's configuration files can't be read.
    """
    for option, key, absent in _DEFAULTS:
        if getattr(options, option) == absent and _is_the_watchers(loaded.origins, f"aws.{key}"):
            setattr(options, option, getattr(loaded.settings.aws, key) or _off(option))
    if options.region is None:
        options.region = _region(options, loaded)


def _region(options: Namespace, loaded: Loaded) -> str:
    """As the daemon has it: the settings', where AWS_REGION goes before AWS_DEFAULT_REGION; else the profile's."""
    aws = loaded.settings.aws
    if loaded.origins["aws.region"] != "default":
        return aws.region
    return resolve_region(aws.model_copy(update={"region": "", "profile": options.profile or ""}))


def _is_the_watchers(origins: Mapping[str, str], key: str) -> bool:
    """Whether a value is neither a default nor from an AWS variable, which botocore reads itself."""
    origin = origins[key]
    return origin != "default" and not origin.startswith("env AWS_")


def _off(option: str) -> Any:
    """The meaning of an empty or zero setting as an option: not given, off, or no limit."""
    if option in ("verify_ssl", "sign_request"):
        return False
    return 0 if option.endswith("_timeout") else None
