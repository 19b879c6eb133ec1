"""From the layers to valid settings, or to everything that is wrong with them."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from watcher.config import sources
from watcher.config.error_messages import describe, place
from watcher.config.fields import Path as KeyPath
from watcher.config.fields import dotted
from watcher.config.layers import ENVIRONMENT, Layers, Problem
from watcher.config.rules import rule_violations
from watcher.config.settings import Settings
from watcher.domain.errors import ConfigError

_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Loaded:
    """Settings, where each came from, and the file.

    `origins` maps dotted keys to `default`, a file's name, `env NAME`, or an option of the command line;
    `overridden` those that a variable changes to the file that says otherwise.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None
    overridden: Mapping[str, str] = field(default_factory=dict)


def load(
    config: Path | None,
    overrides: Mapping[str, str],
    environ: Mapping[str, str],
    cwd: Path,
    option_names: Mapping[str, str] = _NO_NAMES,
    in_force: Path | None = None,
) -> Loaded:
    """Apply the file, the environment and the command line to the defaults; later ones override earlier ones.

    Args:
        config: the file that the user named, relative to `cwd`; None: search for it.
        overrides: dotted key to text, from the command line.
        environ: the environment.
        cwd: the folder for relative file names.
        option_names: the option of an override, for those that were not given with `--set`.
        in_force: for a reload, the file that was found before: it is read again, and no other is searched for.

    Raises:
        ConfigError: with every problem, one line each.
    """
    try:
        return _load(config, overrides, environ, cwd, option_names, in_force)
    except RecursionError as error:
        fix = "no setting is more than four levels deep"
        raise ConfigError([f"the file, or a variable, is nested too deeply: {fix}"]) from error


def _load(
    config: Path | None,
    overrides: Mapping[str, str],
    environ: Mapping[str, str],
    cwd: Path,
    option_names: Mapping[str, str],
    in_force: Path | None,
) -> Loaded:
    layers = Layers()
    file = sources.add_file(layers, config, environ, cwd, in_force)
    sources.add_aws_variables(layers, environ)
    sources.add_own_variables(layers, environ)
    sources.add_overrides(layers, overrides, option_names)
    sources.apply_no_verify_ssl(layers)
    settings = _validate(layers)
    _check_rules(layers, settings)
    if layers.problems:
        raise ConfigError([problem.line for problem in layers.problems])
    origins = {key: layers.origin(path) for key, path, _ in flatten(settings)}
    said = {dotted(path): file for path, file in layers.overridden.items()}
    # Not what the command line changes once more.
    overridden = {key: said[key] for key in origins if key in said and origins[key].startswith(ENVIRONMENT)}
    return Loaded(settings, origins, file, overridden)


def flatten(settings: Settings) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Every setting as dotted key, path and value. A policy has only the keys that it sets; `sinks` is one value."""
    for section, values in settings.model_dump(mode="json").items():
        if not isinstance(values, dict):
            yield section, (section,), values
            continue
        policies = values.pop("policies", {})
        for name, value in values.items():
            yield f"{section}.{name}", (section, name), value
        for policy, overrides in policies.items():
            yield from _flatten_policy(
                policy, {name: value for name, value in overrides.items() if value is not None}
            )


def _flatten_policy(policy: str, given: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """The keys that a policy sets; one without any is an empty table."""
    key, path = f"decision.policies.{policy}", ("decision", "policies", policy)
    if not given:
        yield key, path, {}
    for name, value in given.items():
        yield f"{key}.{name}", (*path, name), value


def _validate(layers: Layers) -> Settings:
    """The settings; for each invalid value a problem, and the default instead."""
    try:
        return Settings.model_validate(layers.data)
    except ValidationError as error:
        rest = deepcopy(layers.data)
        for details in error.errors(include_url=False):
            path = place(details)
            layers.problems.append(Problem((path,), describe(details, layers.origin(path))))
            _prune(rest, path)
        return Settings.model_validate(rest)


def _prune(data: dict[str, Any], path: KeyPath) -> None:
    """Remove an invalid key or sink, so that the rest can be checked."""
    kept = _as_one(path)
    if len(kept) == 2 and kept[0] == "sinks":
        # A placeholder that breaks no rule: without it the later sinks would be reported with the wrong number.
        data["sinks"][kept[1]] = {"type": "stdout", "name": f"invalid-{kept[1]}"}
        return
    section: Any = data
    for part in kept[:-1]:
        section = section.get(part, {})
    section.pop(kept[-1], None)


def _as_one(path: KeyPath) -> KeyPath:
    """A sink is valid as a whole, or not at all."""
    return path[:2] if path[0] == "sinks" else path


def _check_rules(layers: Layers, settings: Settings) -> None:
    """Add the violated cross-field rules, if the settings that they concern are valid themselves."""
    invalid = {_as_one(path) for problem in layers.problems for path in problem.paths}
    for broken in rule_violations(settings):
        paths = {_as_one(path) for path in broken.paths}
        if not paths & invalid:
            layers.problems.append(Problem(broken.paths, broken.line(layers.origin)))
