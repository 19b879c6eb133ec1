"""`watcher simulate`: a local Rekognition endpoint until SIGTERM or SIGINT."""

import errno
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from watcher.cli.echo import echo, echo_lines
from watcher.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from watcher.domain.ports import Queue
    from watcher.simulator import CallRecord, Scenario


class ScenarioFileError(click.ClickException):
    """An invalid scenario file: one line per problem, exit code 78 (EX_CONFIG)."""

    exit_code = ExitCode.CONFIG


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--rate-limit",
    type=click.FloatRange(min=0),
    metavar="TPS",
    help="GetFaceLivenessSessionResults calls accepted a second; 0 means no limit.  [default: the scenario's]",
)
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(),
    metavar="FILE",
    help="TOML file: endings, times, quotas and faults.  [default: a healthy service]",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How much faster than real time sessions run; their 3 minutes become 3 minutes / X.",
)
@click.option("--seed", type=int, help="The same seed gives the same sessions and faults.  [default: the scenario's]")
@click.option(
    "--image-size",
    type=click.IntRange(256, 204_800),
    metavar="BYTES",
    help="Bytes of each inline image, 256 to 204800.  [default: the scenario's, 2048]",
)
@click.option(
    "--hints",
    metavar="QUEUE",
    help="Announce the ends of sessions on this queue: a URL as in queue.url, or a SQLite file.  [default: don't]",
)
@click.option(
    "--hint-kind",
    type=click.Choice(["s3", "message", "mixed"]),
    help="S3 event notifications, completion messages, or either.  [default: the scenario's, s3]",
)
@click.option(
    "--hint-share",
    type=float,
    metavar="SHARE",
    help="How many of the sessions that end are announced, 0 to 1.  [default: the scenario's, 0.95]",
)
@click.option("--verbose", "-v", is_flag=True, help="Log a line for each call to stderr.")
def command(
    *,
    host: str,
    port: int,
    rate_limit: float | None,
    scenario_file: str | None,
    time_scale: float,
    seed: int | None,
    image_size: int | None,
    hints: str | None,
    hint_kind: str | None,
    hint_share: float | None,
    verbose: bool,
) -> None:
    """Serve a local Rekognition endpoint for Face Liveness that any AWS SDK can use.

    CreateFaceLivenessSession and GetFaceLivenessSessionResults work with the real life cycle, quotas, errors and
    scripted faults; any credentials work. The first line of stdout is the URL to pass to an SDK as its endpoint URL;
    GET / on it counts the calls so far. SIGTERM or SIGINT stops it.
    """
    from watcher.simulator import Simulator

    scenario = _with_hints(_load(scenario_file), hints, hint_kind, hint_share)
    with _hint_queue(hints) as queue, _stop_signals_held() as wait_for_stop:
        try:
            simulator = Simulator(
                scenario,
                host=host,
                port=port,
                time_scale=time_scale,
                rate_limit=rate_limit,
                seed=seed,
                image_size=image_size,
                on_call=_log if verbose else None,
                send_hints=None if queue is None else queue.send,
                on_hint_error=_log_hint_error,
            )
        except (OSError, TypeError, UnicodeError) as error:  # TypeError: no name of a host
            raise click.ClickException(_cannot_listen(host, port, error)) from error
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        with simulator:
            echo(simulator.url)
            wait_for_stop()


@contextmanager
def _stop_signals_held() -> Iterator[Callable[[], object]]:
    """Block SIGTERM and SIGINT, also in threads started meanwhile, so that one thread can wait for them."""
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    try:
        yield lambda: signal.sigwait(stop_signals)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _load(scenario_file: str | None) -> "Scenario | None":
    from watcher.simulator import ScenarioError, load_scenario

    if scenario_file is None:
        return None
    try:
        return load_scenario(scenario_file)
    except ScenarioError as error:
        raise ScenarioFileError(str(error)) from error


def _with_hints(scenario: "Scenario | None", queue: str | None, kind: str | None, share: float | None) -> "Scenario":
    """The scenario with the hints of the command line; the default one without a scenario.

    Raises:
        UsageError: a share out of range, or options for hints without a queue for them.
    """
    from watcher.simulator import HintKind, Scenario

    if queue is None and (kind, share) != (None, None):
        raise click.UsageError("--hint-kind and --hint-share need --hints QUEUE: say where to announce")
    scenario = scenario or Scenario.default()
    hints = scenario.hints
    try:
        hints = replace(
            hints,
            kind=hints.kind if kind is None else HintKind(kind),
            share=hints.share if share is None else share,
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--hint-share") from error
    return replace(scenario, hints=hints)


def _hint_queue(name: str | None) -> "AbstractContextManager[Queue | None]":
    from watcher.cli.hint_queue import open_hint_queue

    return nullcontext() if name is None else closing(open_hint_queue(name))


def _cannot_listen(host: str, port: int, error: Exception) -> str:
    fix = "give an address of this machine, and a free port (0 picks one)"
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        fix = "stop the other program, or choose another port (0 picks a free one)"
    return f"cannot listen on --host {host} --port {port}: {getattr(error, 'strerror', None) or error}; {fix}"


def _log(call: "CallRecord") -> None:
    faults = f" faults={','.join(call.faults)}" if call.faults else ""
    echo(
        f"{call.at:.3f} {call.operation or 'unknown'} session={call.session_id or '-'} "
        f"result={call.result} http={call.http or '-'}{faults}",
        err=True,
    )


def _log_hint_error(error: Exception) -> None:
    echo_lines(f"hints are not sent: {error}", err=True)
