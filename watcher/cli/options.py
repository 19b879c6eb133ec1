"""Options of every command with settings, and loading the settings from them."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from watcher.cli.echo import complain
from watcher.cli.exit_codes import ExitCode
from watcher.util.machine_faults import machine_fault

if TYPE_CHECKING:
    from watcher.config import Loaded, Settings
    from watcher.domain.errors import ConfigError

MOST_PROBLEMS = 100
"""Maximum problems that are shown, a line each: more than anyone fixes at once."""

_VALUE_OPTIONS = {
    "--region": ("aws.region", "Region of the sessions."),
    "--profile": ("aws.profile", "Profile of AWS's own config files."),
    "--endpoint-url": ("aws.endpoint_url", "URL to call instead of Rekognition's own endpoint."),
    "--ca-bundle": ("aws.ca_bundle", "File of CA certificates to trust."),
    "--cli-connect-timeout": ("aws.connect_timeout", "Seconds for one connect; 0: no limit."),
    "--cli-read-timeout": ("aws.read_timeout", "Seconds for one read; 0: no limit."),
}
_FLAG_OPTIONS = {
    "--no-verify-ssl": ("aws.verify_ssl", "Don't check TLS certificates."),
    "--no-sign-request": ("aws.sign_request", "Don't sign requests; no credentials are needed."),
}


@dataclass(frozen=True)
class SettingsSource:
    """The command line's settings: the file, `--set` as given, and the AWS CLI's options by name."""

    config: Path | None = None
    assignments: tuple[str, ...] = ()
    options: Mapping[str, str] | None = None

    def load(self, in_force: Path | None = None) -> "Loaded":
        """Load the settings from file, environment and these; `in_force` is the file if none is named.

        Raises:
            ConfigError: with every problem.
        """
        from watcher.config import load
        from watcher.config.fields import shown_key
        from watcher.domain.errors import ConfigError

        bad = [text for text in self.assignments if "=" not in text]
        if bad:
            keys = (shown_key(tuple(text.split("."))) for text in bad)
            raise ConfigError([f"--set {key}: has no value: write SECTION.KEY=VALUE" for key in keys])
        known = {option: key for option, (key, _) in (_VALUE_OPTIONS | _FLAG_OPTIONS).items()}
        given = {known[option]: (option, text) for option, text in (self.options or {}).items()}
        overrides = {key: text for key, (_, text) in given.items()}
        names = {key: option for key, (option, _) in given.items()}
        for key, _, text in (assignment.partition("=") for assignment in self.assignments):
            overrides[key.strip()] = text.strip()
            names.pop(key.strip(), None)
        # Not Path.cwd(), which fails in a deleted folder: a file missing there is reported as missing.
        return load(self.config, overrides, os.environ, Path(), names, in_force)

    def again(self, loaded: "Loaded") -> "FileInForce":
        """A function that reads the settings again for a reload, from the file that `loaded` came from."""
        return FileInForce(self, loaded.file)


class FileInForce:
    """Reads the settings again, from the file in force, which stays the same until the process ends.

    If it is missing that is an error, and a file with a higher precedence that has appeared since is ignored: the
    settings must not depend on files that come and go. Without a file in force, the first one that a reload finds is
    used from then on.
    """

    def __init__(self, source: SettingsSource, file: Path | None) -> None:
        self._source = source
        self._file = file

    def __call__(self) -> "Loaded":
        """The settings for a reload."""
        found = self.peek()
        self._file = found.file
        return found

    def peek(self) -> "Loaded":
        """The same settings, to look at."""
        return self._source.load(self._file)


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--config`, `--set` and the AWS CLI's global options; it gets them as the argument `source`."""

    @wraps(command)
    def with_source(*args: Any, config: Path | None, assignments: tuple[str, ...], **rest: Any) -> Any:
        """The command, which gets these options as one argument."""
        given = {option: rest.pop(_parameter(option)) for option in (*_VALUE_OPTIONS, *_FLAG_OPTIONS)}
        options = {
            option: "false" if option in _FLAG_OPTIONS else value
            for option, value in given.items()
            if value is not None
        }
        return command(*args, source=SettingsSource(config, assignments, options), **rest)

    decorated: Callable[..., Any] = with_source
    for option, (_, text) in reversed(_FLAG_OPTIONS.items()):
        decorated = click.option(option, _parameter(option), is_flag=True, default=None, help=text)(decorated)
    for option, (_, text) in reversed(_VALUE_OPTIONS.items()):
        decorated = click.option(option, _parameter(option), default=None, help=text)(decorated)
    decorated = click.option(
        "--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="One setting; repeatable."
    )(decorated)
    file = click.Path(path_type=Path)
    return click.option("--config", type=file, help="Settings file, in TOML.", metavar="FILE")(decorated)


def load_or_exit(source: SettingsSource) -> "Loaded":
    """The settings; or, on standard error, a line for each problem, and exit code 78 (EX_CONFIG)."""
    from watcher.domain.errors import ConfigError

    try:
        return source.load()
    except ConfigError as error:
        exit_with(error)


def settings_or_exit(source: SettingsSource) -> "Settings":
    """The settings for a command on queue or ledger; the region is the profile's if nothing else names one.

    Looked up only if they are at AWS, because that imports botocore.
    """
    loaded = load_or_exit(source)
    settings = loaded.settings
    if settings.queue.kind == "sqlite" and settings.ledger_kind != "dynamodb":
        return settings
    from watcher.app.aws_settings import effective_aws
    from watcher.domain.errors import ConfigError

    try:
        return settings.model_copy(update={"aws": effective_aws(loaded)})
    except ConfigError as error:
        exit_with(error)


def exit_with(error: "ConfigError") -> NoReturn:
    """Print what is wrong with the settings, a line each, and exit with 78 (EX_CONFIG).

    With 1 if this machine is at fault: a service manager does not restart what ended with 78.
    """
    if fault := machine_fault(error):
        complain(f"watcher: this machine: {fault}")
        sys.exit(1)
    problems = error.problems
    for problem in problems[:MOST_PROBLEMS]:
        complain(f"watcher: {problem}")
    if len(problems) > MOST_PROBLEMS:
        complain(f"watcher: and {len(problems) - MOST_PROBLEMS} more problems")
    sys.exit(ExitCode.CONFIG)


def _parameter(option: str) -> str:
    """An option's internal name, which avoids collisions with a command's own options."""
    return "aws_" + option.removeprefix("--").replace("-", "_")
