"""AWS's own configuration: the botocore session that reads it, its profile and its region."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ProfileNotFound

from watcher.aws.errors import one_line
from watcher.aws.fast_loader import use_fast_loader
from watcher.aws.settings import ClientSettings
from watcher.domain.errors import ConfigError, WatcherError

DEFAULT_REGION = "us-east-1"

_NO_PROFILE = {"profile": (None, None, None, None)}
"""botocore's table of where settings come from, without a source for this one."""


def open_session(profile: str, *, makes_clients: bool = True) -> Any:
    """A session that reads AWS's files again. With a `profile`, keys in the environment don't count.

    `makes_clients`: whether it is for more than reading those files; botocore's 130 handlers then take a while.
    """
    return _new_session(makes_clients=makes_clients, profile=profile or None)


def readable_session(aws: ClientSettings, *, makes_clients: bool = False) -> Any:
    """A session whose files can be read. Without a configuration file it has no profile: one may be added later.

    Raises:
        ConfigError: the files don't have the profile.
        WatcherError: a file that can't be read. It may just be being written, so a restart can help.
    """
    session = open_session(aws.profile, makes_clients=makes_clients)
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        if not any(Path(path).exists() for path in configuration_files(session)):
            return _new_session(makes_clients=makes_clients, session_vars=_NO_PROFILE)
        name = session.profile
        raise ConfigError(
            [f"aws.profile = {name!r}: AWS's configuration has no such profile; name one that it has"]
        ) from error
    except (BotoCoreError, OSError, ValueError) as error:
        files = " or ".join(configuration_files(session))
        raise WatcherError(
            f"AWS's configuration file {files} can't be read ({one_line(error)}): fix the file"
        ) from error
    return session


def _new_session(*, makes_clients: bool, **options: Any) -> Any:
    session = botocore.session.Session(include_builtin_handlers=makes_clients, **options)
    use_fast_loader(session)
    return session


def named_endpoints(aws: ClientSettings, environ: Mapping[str, str]) -> Iterator[str]:
    """The endpoints that AWS's variables, or any part of its files, name, whether a client uses them or not.

    Raises:
        ConfigError, WatcherError: as `readable_session`.
    """
    yield from (value for name, value in environ.items() if name.startswith("AWS_ENDPOINT_URL") and value)
    yield from _endpoints_in(readable_session(aws).full_config)


def _endpoints_in(section: Mapping[str, Any]) -> Iterator[str]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from _endpoints_in(value)
        elif name == "endpoint_url":
            yield str(value)


def configuration_files(session: Any) -> list[str]:
    """AWS's configuration file and its credentials file, whether they exist or not."""
    names = ("config_file", "credentials_file")
    paths = (str(session.get_config_variable(name)) for name in names)
    # As botocore does; unlike pathlib's, it raises no error for an unknown home.
    return [os.path.expanduser(path) for path in paths]  # noqa: PTH111


def region_of(aws: ClientSettings, session: Any) -> str:
    """The region: `aws.region`, else the one of profile or environment, else us-east-1.

    Raises:
        ConfigError: as `configured_text`.
    """
    return aws.region or configured_text(session, "region") or DEFAULT_REGION


def configured_text(session: Any, name: str, key: str = "") -> str:
    """A value of AWS's configuration, by botocore's name, which in a file is `key`; empty if there is none.

    Raises:
        ConfigError: it is a table: indented lines follow the key.
    """
    value = session.get_config_variable(name)
    if isinstance(value, Mapping):
        files = " or ".join(configuration_files(session))
        what = "is followed by indented lines, which make it a table"
        raise ConfigError([f"{files}: {key or name} {what}: write its value behind the equals sign"])
    return str(value or "")


def resolve_region(aws: ClientSettings) -> str:
    """The region, as `region_of` has it.

    Raises:
        ConfigError, WatcherError: as `readable_session`.
    """
    return region_of(aws, readable_session(aws))
