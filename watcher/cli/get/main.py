"""One run of the command, from arguments to exit code."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from watcher.cli.exit_codes import ExitCode
from watcher.cli.get.failures import CommandFailed, error_text
from watcher.cli.get.output import flush, print_answer
from watcher.cli.get.terminal import RESET, ResettingStream
from watcher.util.text import escaped_lines


def run(arguments: Sequence[str]) -> int:
    """Run the command with these arguments.

    Returns:
        The AWS CLI's exit codes: 0, 2 for usage, 130 for an interrupt, 255 for everything else.
    """
    with ExitStack() as at_end:
        at_end.callback(_restore, sys.stdout, sys.stderr)
        return _run_guarded(arguments, at_end)


def _run_guarded(arguments: Sequence[str], at_end: ExitStack) -> int:
    """Run it, turning every failure into a message and an exit code."""
    try:
        return _run(arguments, at_end)
    except SystemExit as end:
        # argparse has printed the reason, or the version.
        return end.code if isinstance(end.code, int) else ExitCode.USAGE
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, a user gets words and a code, not a traceback
        _log(error)
        for text in error_text(error):
            sys.stderr.write(escaped_lines(text))
        return ExitCode.FAILURE


def _run(arguments: Sequence[str], at_end: ExitStack) -> int:
    from watcher.cli.get import client, parser

    ours, arguments = parser.parse_watcher(arguments)
    options, arguments = parser.parse_globals(arguments, client.version_text())
    query = _compile(options.query)
    client.check_endpoint_url(options.endpoint_url)
    settings = _settings(ours, options)
    session = client.open_session(options, attempts=1 if ours.wait else None)
    learn_secrets = _start_logging(options, at_end)
    operation = parser.parse_operation(arguments)
    if operation.help:
        from watcher.cli.get.help_text import help_text

        sys.stdout.write(help_text())
        return 0
    parameters = _parameters(session, operation)
    if operation.generate_cli_skeleton == "input":
        from watcher.cli.get.skeleton import input_skeleton

        sys.stdout.write(input_skeleton(session))
        return 0
    form = options.output or session.get_config_variable("output")
    if operation.generate_cli_skeleton == "output":
        from watcher.cli.get.skeleton import output_skeleton

        answer = output_skeleton(session, parameters)
    else:
        service = client.open_client(session, options)
        learn_secrets(session)
        answer = _ask(service, parameters, ours, settings)
    print_answer(form, answer, title=client.OPERATION, query=query, color=options.color)
    return 0


def _ask(client: Any, parameters: dict[str, Any], ours: Namespace, settings: Any) -> Any:
    """The service's answer, without botocore's additions."""

    def ask() -> Any:
        answer = client.get_face_liveness_session_results(**parameters)
        answer.pop("ResponseMetadata", None)
        return answer

    if not (ours.decide or ours.wait):
        return ask()
    from watcher.cli.get.decide_and_wait import follow

    return follow(client, ask, parameters, settings, decide=ours.decide, wait=ours.wait)


def _settings(ours: Namespace, options: Namespace) -> Any:
    """The watcher's settings if this run needs them; with `--config` they also fill in the options."""
    if not (ours.config or ours.decide or ours.wait):
        return None
    from watcher.cli.get.settings import fill_in, read_settings

    loaded = read_settings(ours.config)
    if ours.config:
        fill_in(options, loaded)
    return loaded.settings


def _parameters(session: Any, operation: Namespace) -> dict[str, Any]:
    from watcher.cli.get import parameters

    given = parameters.request_parameters(operation, session.get_scoped_config())
    parameters.add_json(given, operation.cli_input_json)
    return given


def _compile(expression: str | None) -> Any:
    """The query, ready to run."""
    if expression is None:
        return None
    import jmespath

    try:
        return jmespath.compile(expression)
    except Exception as error:
        raise CommandFailed(f"Bad value for --query {expression}: {error}") from error


def _start_logging(options: Namespace, at_end: ExitStack) -> Any:
    """Turn on the debug log if requested; returns a function that passes it the session's secrets."""
    if not options.debug:
        return lambda _session: None
    from watcher.cli.get.debug import start, stop

    formatter = start()
    at_end.callback(stop)
    return formatter.learn_secrets if options.sign_request else lambda _session: None


def _log(error: Exception) -> None:
    import logging

    logging.getLogger("watcher.get").debug("ending with %d", ExitCode.FAILURE, exc_info=error)


def _restore(stdout: Any, stderr: Any) -> None:
    """Restore the plain streams; a coloured terminal gets a final reset."""
    if isinstance(sys.stdout, ResettingStream):
        sys.stdout, sys.stderr = stdout, stderr
        if stdout.isatty():
            stdout.write(RESET)
    flush()
