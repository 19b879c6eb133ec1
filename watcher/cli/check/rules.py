"""Settings that are allowed, but perhaps not intended."""

from collections.abc import Mapping

from watcher.cli.check.finding import Finding, Findings, ok, warning
from watcher.config import Loaded, Settings
from watcher.config.risks import low_thresholds
from watcher.util.urls import queue_place


def check_rules(loaded: Loaded) -> Findings:
    """Warnings about time-outs, region, TLS, signing and thresholds; one line `ok` for each group without any."""
    settings = loaded.settings
    yield from _overridden(loaded)
    yield from _timeouts(settings) or [ok("time-outs", _timeouts_in_words(settings))]
    yield from _region(settings, loaded.origins)
    yield from _queue_region(settings)
    yield from _transport(settings)
    yield from _thresholds(settings)


def _overridden(loaded: Loaded) -> Findings:
    for key, file in loaded.overridden.items():
        variable = loaded.origins[key].removeprefix("env ")
        what = f"{key}: the variable {variable} counts, and not what {file} says"
        yield warning("config", what, f"unset {variable}, or take {key} out of the file")


def _timeouts(settings: Settings) -> list[Finding]:
    aws, drain = settings.aws, settings.shutdown.drain_timeout
    found = [
        warning(
            "time-outs",
            f"aws.{name} = 0: a call may hold a worker forever, and /livez can't tell",
            f"set aws.{name} to some seconds, 5 say",
        )
        for name in ("connect_timeout", "read_timeout")
        if getattr(aws, name) == 0
    ]
    longest, life = aws.connect_timeout + aws.read_timeout, settings.polling.session_timeout
    if not found and longest > life / 2:
        what = (
            f"a call that hangs may take {longest:g} s (aws.connect_timeout = {aws.connect_timeout:g} and "
            f"aws.read_timeout = {aws.read_timeout:g}) of the {life:g} s that a session has: if two hang, one "
            "after the other, it ends as timed_out even if the service answers again"
        )
        found.append(warning("time-outs", what, "set aws.connect_timeout = 5 and aws.read_timeout = 10"))
    elif aws.read_timeout and drain < aws.read_timeout:
        what = (
            f"shutdown.drain_timeout = {drain:g} is below aws.read_timeout = {aws.read_timeout:g}: "
            "a stop may cut off a call under way"
        )
        found.append(warning("time-outs", what, f"lower aws.read_timeout to {drain:g} or less"))
    return found


def _timeouts_in_words(settings: Settings) -> str:
    aws = settings.aws
    return (
        f"connect {aws.connect_timeout:g} s, read {aws.read_timeout:g} s, "
        f"lease {settings.queue.visibility_timeout:g} s, drain {settings.shutdown.drain_timeout:g} s"
    )


def _region(settings: Settings, origins: Mapping[str, str]) -> Findings:
    if origins["aws.region"] == "default":
        what = f"{settings.aws.region}, because neither the settings nor AWS's environment or profile name one"
        yield warning("region", what, "set aws.region to where the sessions are created")
    else:
        yield ok("region", f"{settings.aws.region} (from {origins['aws.region']})")


def _queue_region(settings: Settings) -> Findings:
    named = queue_place(settings.queue.url).region
    if named and named != settings.aws.region:
        what = (
            f"sessions are looked up in {settings.aws.region}, and the queue is in {named}: "
            "a session exists only in the region that it was created in"
        )
        yield warning("region", what, "set aws.region to where the sessions are created, if it is not already")


def _transport(settings: Settings) -> Findings:
    if not settings.aws.sign_request:
        what = "aws.sign_request = false: AWS rejects unsigned calls; only a local endpoint accepts them"
        yield warning("signing", what, "set aws.sign_request = true")


def _thresholds(settings: Settings) -> Findings:
    if any(low_thresholds(settings)):
        return  # the risks say so
    default = settings.decision.threshold
    policies = settings.decision.policies.items()
    named = (f"{name} {default if own.threshold is None else own.threshold:g}" for name, own in policies)
    yield ok("thresholds", ", ".join([f"default {default:g}", *named]))
