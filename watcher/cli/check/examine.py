"""The doctor behind `watcher check`: checks everything that the watcher needs, without changing it."""

from collections.abc import Callable, Iterator, MutableMapping

from watcher.app.aws_settings import effective_aws
from watcher.app.endpoint_risks import endpoint_risks
from watcher.cli.check.backends import check_ledger, check_queue
from watcher.cli.check.finding import Finding, Findings, failed, ok, warning
from watcher.cli.check.rules import check_rules
from watcher.cli.check.service import check_service
from watcher.cli.check.sinks import check_sinks
from watcher.config import Loaded, risks
from watcher.domain.errors import ConfigError
from watcher.domain.ports import Clock

__all__ = ["Finding", "bad_config", "examine"]


def bad_config(error: ConfigError) -> Iterator[Finding]:
    """What `watcher run` would say about invalid settings, a line each."""
    return (failed("config", problem) for problem in error.problems)


def examine(loaded: Loaded, clock: Clock, environ: MutableMapping[str, str], *, offline: bool) -> Findings:
    """All checks, in order of dependency; `offline`: only those that need no network."""
    found = list(risks(loaded))
    if not any(risk.subject == "config" for risk in found):
        file = f"{loaded.file} can be used" if loaded.file else "no file; defaults, environment and options"
        yield ok("config", file)
    yield from (warning(risk.subject, risk.what, risk.fix) for risk in found)
    try:
        aws = effective_aws(loaded)
    except ConfigError as error:
        yield from bad_config(error)
        return
    settings = loaded.settings.model_copy(update={"aws": aws})
    origins = dict(loaded.origins)
    if aws.region != loaded.settings.aws.region:
        origins["aws.region"] = "the profile"
    parts: list[tuple[str, Callable[[], Findings]]] = [
        ("config", lambda: check_rules(Loaded(settings, origins, loaded.file))),
        ("tls", lambda: (warning(*risk) for risk in endpoint_risks(settings, environ))),
        ("service", lambda: check_service(aws, clock, environ, offline=offline)),
        ("queue", lambda: check_queue(settings, clock, offline=offline)),
        ("ledger", lambda: check_ledger(settings, clock, offline=offline)),
        ("sinks", lambda: check_sinks(settings, offline=offline)),
    ]
    for name, check in parts:
        yield from _whatever_happens(name, check)


def _whatever_happens(name: str, check: Callable[[], Findings]) -> Findings:
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - a bug in one part must not hide what the others find
        yield failed(name, f"could not be checked: {type(error).__name__}: {error}", "please report this")
