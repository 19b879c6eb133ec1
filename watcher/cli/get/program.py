"""One run of the command, from arguments to exit code."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from watcher.cli.get.failures import FAILURE, INTERRUPTED, USAGE_ERROR, describe
from watcher.cli.get.output import flush, print_answer
from watcher.cli.get.terminal import RESET, ResettingStream


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask for.

    Returns:
        The AWS CLI's exit codes: 0, 2 for usage, 130 for an interrupt, 255 for everything else.
    """
    streams = sys.stdout, sys.stderr
    try:
        return _run(arguments)
    except SystemExit as end:
        # argparse has said why, or printed the version.
        return end.code if isinstance(end.code, int) else USAGE_ERROR
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, a user gets words and a code, not a traceback
        _log_failure(error)
        for text in describe(error):
            sys.stderr.write(text)
        return FAILURE
    finally:
        _restore(*streams)


def _run(arguments: Sequence[str]) -> int:
    from watcher.cli.get import client, parser

    ours, arguments = parser.parse_watcher(arguments)
    options, arguments = parser.parse_globals(arguments, client.version_text())
    query = _compile(options.query)
    client.check_endpoint_url(options.endpoint_url)
    session = client.open_session(options)
    _prepare_logging(options)
    operation = parser.parse_operation(arguments)
    if operation.help:
        from watcher.cli.get.manual import manual

        sys.stdout.write(manual())
        return 0
    parameters = _parameters(session, operation)
    if operation.generate_cli_skeleton == "input":
        from watcher.cli.get.skeleton import input_skeleton

        sys.stdout.write(input_skeleton(session))
        return 0
    answer = _answer(session, options, operation, parameters)
    form = options.output or session.get_config_variable("output")
    print_answer(form, answer, title=client.OPERATION, query=query, color=options.color)
    return 0


def _answer(session: Any, options: Namespace, operation: Namespace, parameters: dict[str, Any]) -> Any:
    """The service's answer, or a sample of one, without what botocore adds to it."""
    from watcher.cli.get import client

    if operation.generate_cli_skeleton == "output":
        from watcher.cli.get.skeleton import output_skeleton

        return output_skeleton(session, parameters)
    answer = client.open_client(session, options).get_face_liveness_session_results(**parameters)
    answer.pop("ResponseMetadata", None)
    return answer


def _parameters(session: Any, operation: Namespace) -> dict[str, Any]:
    from watcher.cli.get import parameters

    profile = session.get_scoped_config()
    given = parameters.request_parameters(operation, profile)
    parameters.add_json(given, operation.cli_input_json)
    return given


def _compile(expression: str | None) -> Any:
    """The query, ready to run."""
    if expression is None:
        return None
    import jmespath

    from watcher.cli.get.failures import Failure

    try:
        return jmespath.compile(expression)
    except Exception as error:
        raise Failure(f"Bad value for --query {expression}: {error}") from error


def _prepare_logging(options: Namespace) -> None:
    if options.debug:
        from watcher.cli.get.debug import start

        start()


def _log_failure(error: Exception) -> None:
    import logging

    logging.getLogger("watcher.get").debug("ending with %d", FAILURE, exc_info=error)


def _restore(stdout: Any, stderr: Any) -> None:
    """Put the plain streams back; a coloured terminal gets one last reset."""
    if isinstance(sys.stdout, ResettingStream):
        sys.stdout, sys.stderr = stdout, stderr
        if stdout.isatty():
            stdout.write(RESET)
    flush()
