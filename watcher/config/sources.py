"""The layers: file, AWS's own variables, `WATCHER_` variables, command line."""

import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from watcher.config.error_messages import unknown_variable
from watcher.config.layers import Layers, Problem
from watcher.domain.errors import ConfigError
from watcher.util.file_trust import ExposedFile, refuse_exposed
from watcher.util.files import UnreadableFile, is_there, read_text
from watcher.util.urls import HIDDEN, without_secrets

PREFIX = "WATCHER_"
SEPARATOR = "__"
CONFIG = "WATCHER_CONFIG"
SYSTEM_FILE = Path("/etc/watcher/watcher.toml")
LOCAL_FILE = Path("watcher.toml")

LARGEST = 1 << 20
"""Maximum bytes of a settings file; the largest realistic one, with hundreds of policies, has a tenth of that."""

_POLICIES = ("decision", "policies")
_BEHIND_POLICY = 3
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/+(.*)")
"""A URL as a path has it, with one slash: somebody's mistake, and perhaps with a password."""
_SERVICE = re.compile(r"\w+_SERVICE_(HOST|PORT(_\w+)?)")
_PORT = re.compile(r"\w+_PORT(_\d+_(TCP|UDP|SCTP))?")
_PART = re.compile(r"\w+_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)")
_LINK = re.compile(r"(tcp|udp|sctp)://")
"""What Kubernetes calls the links to a Service, by its page on Services; `WATCHER_HTTP_PORT=9090` is no such link."""
_TOML_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")


def add_file(
    layers: Layers, config: Path | None, environ: Mapping[str, str], cwd: Path, in_force: Path | None = None
) -> Path | None:
    """Add the file: the named one, else `$WATCHER_CONFIG`, `./watcher.toml`, `/etc/watcher/watcher.toml`.

    If none is named and `in_force` is given, it is that one, and no other is searched for.

    Raises:
        ConfigError: a file that was named, or is in force, is missing, unreadable or invalid TOML; or root runs this,
            and others can write it.
    """
    variable = environ.get(CONFIG, "")
    if config is not None:
        named, origin = config, "--config"
    else:
        named, origin = Path(variable), f"env {CONFIG}"
    if config is not None or variable:
        layers.put_tree(_parse(named, _read(cwd / named, named, origin)), str(named))
        return named
    if in_force is not None:
        # A missing one is an error: the next file in order, or the defaults, may be less strict.
        text = _read(cwd / in_force, in_force, "in force until now", "restore it, or restart to run without it")
        layers.put_tree(_parse(in_force, text), str(in_force))
        return in_force
    for found in (LOCAL_FILE, SYSTEM_FILE):
        if is_there(cwd / found):
            layers.put_tree(_parse(found, _read(cwd / found, found, "found there")), str(found))
            return found
    return None


def add_aws_variables(layers: Layers, environ: Mapping[str, str]) -> None:
    """Add AWS's own variables; empty ones count as not set. A service's own endpoint overrides the one for all."""

    def first(path: tuple[str, str], *names: str) -> None:
        name = next((name for name in names if environ.get(name)), None)
        if name:
            layers.put_text(path, environ[name], f"env {name}")

    first(("aws", "region"), "AWS_REGION", "AWS_DEFAULT_REGION")
    first(("aws", "profile"), "AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in botocore's order
    first(("aws", "ca_bundle"), "AWS_CA_BUNDLE")
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        first(("aws", "endpoint_url"), "AWS_ENDPOINT_URL_REKOGNITION", "AWS_ENDPOINT_URL")
        first(("queue", "endpoint_url"), "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL")


def add_own_variables(layers: Layers, environ: Mapping[str, str]) -> None:
    """Lay down `WATCHER_SECTION__KEY` and `WATCHER_SINKS`; another name that begins so is a problem."""
    for name in sorted(environ):
        path = name.removeprefix(PREFIX).lower().split(SEPARATOR)
        if not name.startswith(PREFIX) or name.startswith("WATCHER_TEST_") or name == CONFIG:
            continue
        if len(path) > 1 or path == ["sinks"]:
            layers.put_text(_known_policy(layers, _join_policy(path, SEPARATOR)), environ[name], f"env {name}")
        elif not _is_service_link(name, environ[name]):
            layers.problems.append(Problem((), unknown_variable(name)))


def _is_service_link(name: str, value: str) -> bool:
    """Whether Kubernetes has set it, for a Service whose name begins with `watcher`."""
    return bool(_SERVICE.fullmatch(name) or (_PORT.fullmatch(name) and _LINK.match(value)) or _PART.fullmatch(name))


def add_overrides(layers: Layers, overrides: Mapping[str, str], option_names: Mapping[str, str]) -> None:
    """Add the command line: dotted key to text. `option_names` has the options other than `--set`."""
    for key, text in overrides.items():
        layers.put_text(_join_policy(key.split("."), "."), text, option_names.get(key, "--set"))


def apply_no_verify_ssl(layers: Layers) -> None:
    """As in the AWS CLI, turning verification off overrides a bundle that only `AWS_CA_BUNDLE` names."""
    path = ("aws", "ca_bundle")
    section = layers.data.get("aws")
    if (
        isinstance(section, dict)
        and section.get("verify_ssl") is False
        and layers.origin(path) == "env AWS_CA_BUNDLE"
    ):
        layers.drop(path)


def _read(path: Path, named: Path, origin: str, fix: str = "") -> str:
    try:
        return read_text(path, LARGEST, partial(refuse_exposed, path))
    except ExposedFile as error:
        what = f"{named} ({origin}) can't be trusted: {error}"
        raise ConfigError([f"{what}, or name another file with --config"]) from error
    except UnreadableFile as error:
        raise ConfigError([f"{_shown(named)} can't be read ({origin}): {error.why}: {fix or error.fix}"]) from error


def _shown(named: Path) -> str:
    url = _URL.fullmatch(str(named))
    return without_secrets(f"{url[1]}://{url[2]}", mark=HIDDEN) if url else str(named)


def _parse(named: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and nesting too large for Python
        at = _TOML_POSITION.search(str(error))
        line, column = at.groups() if at else (text.count("\n") + 1, len(text) - text.rfind("\n"))
        what = re.sub(r" \(at [^()]*\)$", "", str(error))
        raise ConfigError([f"{named}, line {line}, column {column}: invalid TOML ({what}): fix it there"]) from error


def _join_policy(path: list[str], separator: str) -> tuple[str, ...]:
    """A policy's name may contain the separator: everything between `policies` and the last part is the name."""
    if tuple(path[:2]) == _POLICIES and len(path) > _BEHIND_POLICY:
        return (*_POLICIES, separator.join(path[2:-1]), path[-1])
    return tuple(path)


def _known_policy(layers: Layers, path: tuple[str, ...]) -> tuple[str, ...]:
    """Variables are all capitals: use the file's spelling of a policy's name, if it has the policy."""
    section: Any = layers.data
    for part in _POLICIES:
        section = section.get(part) if isinstance(section, dict) else None
    if path[:2] != _POLICIES or len(path) <= _BEHIND_POLICY or not isinstance(section, dict):
        return path
    spelling = next((name for name in section if name.lower() == path[2]), path[2])
    return (*_POLICIES, spelling, *path[3:])
