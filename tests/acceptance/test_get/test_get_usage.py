"""The command line is read as AWS CLI v1 reads it: prefixes, order, ways to give a value, and what it refuses."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.test_get.corpus import SESSION_ID
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import CREDENTIALS, Both, Programs
from tests.acceptance.test_get.words import comparable

ID = ["--session-id", SESSION_ID]
ANSWER = Answer.of({"SessionId": SESSION_ID, "Status": "SUCCEEDED", "Confidence": 91.25})


@pytest.fixture(scope="module")
def url(endpoint: Endpoint) -> str:
    return endpoint.url(endpoint.put(ANSWER))


def assert_same(both: Both, case: object = None) -> None:
    assert both.watcher.code == both.aws.code, (case, both)
    assert both.watcher.stdout == both.aws.stdout, case
    assert comparable(both.watcher.stderr) == comparable(both.aws.stderr), case


ACCEPTED = [
    ["--output", "text"],
    ["--output=text"],
    ["--outp", "text"],
    ["--o=table"],
    ["--q", "Status"],
    ["--q=Status", "--o", "text"],
    ["--co", "on", "--output", "table"],
    ["--col=off", "--output", "table"],
    ["--no-v", "--no-p"],
    ["--no-s"],
    ["--reg", "us-west-2"],
    ["--cli-r", "5", "--cli-c=7"],
    ["--cli-read-timeout", " 5 "],
    ["--cli-read-timeout", "0", "--cli-connect-timeout", "0"],
    ["--cli-read-timeout", "1_0"],
    ["--query", ""],
    ["--query=Status", "--query", "Confidence"],
    ["--region", "eu-west-1", "--region=us-east-1"],
    ["--output", "json", "--no-paginate", "--color", "auto"],
    ["--ca", "/nowhere.pem"],
]


@pytest.mark.parametrize("options", ACCEPTED, ids=" ".join)
def test_options_are_understood_alike(options: list[str], url: str, programs: Programs) -> None:
    both = programs.run(*ID, *options, "--endpoint-url", url)
    assert_same(both)
    assert both.watcher.code == (255 if options == ["--query", ""] else 0)
    assert_same(programs.run(*options, f"--endpoint={url}", f"--session={SESSION_ID}"))


REFUSED = [
    [],
    ["--output", "json"],
    ["--session-id"],
    ["--session-id", "--output", "json"],
    [*ID, "--output", "yaml"],
    [*ID, "--output", "jsn"],
    [*ID, "--output"],
    [*ID, "--color", "purple"],
    [*ID, "--c", "on"],
    [*ID, "--cli", "on"],
    [*ID, "--cli-", "1"],
    [*ID, "--no"],
    [*ID, "--foo"],
    [*ID, "--foo", "bar", "baz"],
    [*ID, "--foo=bar"],
    [*ID, "-x"],
    [*ID, "extra"],
    [*ID, "extra", "more"],
    ["extra", *ID],
    [*ID, "--"],
    [*ID, "--", "extra"],
    [*ID, "--debug=1"],
    [*ID, "--no-verify-ssl=1"],
    [*ID, "--endpoint-url"],
    [*ID, "--query", "--output"],
    ["--generate-cli-skeleton", "neither"],
    ["--generate-cli-skeleton", "outputs"],
    ["--generate-cli-skeleton=input"],
    ["--generate", "input"],
    ["--cli-input", "{}"],
    ["--cli-input-json={}"],
    ["--cli-input-json"],
    [*ID, "--page-size", "3"],
    [*ID, "--max-items", "3"],
    ["--version=1"],
]


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_is_refused_is_refused_alike(arguments: list[str], programs: Programs) -> None:
    both = programs.run(*arguments)
    assert_same(both)
    assert both.watcher.code in (2, 255)


_words = st.sampled_from(
    [
        "--session-id",
        SESSION_ID,
        "--output",
        "text",
        "--out=json",
        "--query",
        "Status",
        "--color",
        "on",
        "--no-sign",
        "--no-verify-ssl",
        "--no-",
        "--cli-input-json",
        "{}",
        "--cli-read-timeout",
        "5",
        "-1",
        "--",
        "helpx",
        "x",
        "=",
        "",
        "--session=",
        "--generate-cli-skeleton",
        "input",
        "--region",
        "eu-west-1",
        "--profile",
        "--reg",
        "a b",
        "-a b",
    ]
)


def test_any_words_in_any_order_are_taken_alike(url: str, programs: Programs) -> None:
    @settings(
        max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(words=st.lists(_words, max_size=7))
    def compare(words: list[str]) -> None:
        assert_same(programs.run("--endpoint-url", url, *words), words)

    compare()


def test_a_hidden_option_of_the_aws_cli_is_the_known_difference(url: str, programs: Programs) -> None:
    """`--v` could be the AWS CLI's migration aid `--v2-debug`, which its manual page does not have."""
    both = programs.run(*ID, "--v")
    assert (both.aws.code, both.watcher.code) == (2, 0)
    assert both.watcher.stdout.startswith(b"liveness-watcher/")


def test_the_version_is_told_in_the_same_form(programs: Programs) -> None:
    both = programs.run("--version")
    assert (both.aws.code, both.watcher.code) == (0, 0)
    names = [run.stdout.decode().split() for run in both]
    assert [[part.partition("/")[0] for part in name] for name in names] == [
        ["aws-cli", "Python", "Linux", "botocore"],
        ["liveness-watcher", "Python", "Linux", "botocore"],
    ]


JSON_INPUTS = [
    json.dumps({"SessionId": SESSION_ID}),
    "{}",
    '{"SessionId": null}',
    '{"SessionId": "short"}',
    '{"SessionId": 5}',
    json.dumps({"SessionId": SESSION_ID, "Foo": 1}),
    json.dumps({"Foo": 1}),
    "[1]",
    "5",
    "null",
    '"text"',
    "",
    "x",
    "{",
    '{"SessionId": "ü"}',
    "'{}'",
    "file:///no/such/file.json",
    "fileb:///no/such/file.json",
    "file://",
    "http://127.0.0.1:9/x.json",
]


@pytest.mark.parametrize("given_json", JSON_INPUTS)
def test_input_json_is_taken_alike(given_json: str, url: str, programs: Programs) -> None:
    where = ["--endpoint-url", url]
    assert_same(programs.run("--cli-input-json", given_json, *where), given_json)
    assert_same(programs.run("--cli-input-json", given_json, *ID, *where), given_json)


def test_input_json_comes_from_a_file_and_the_command_line_overrides_it(
    url: str, programs: Programs, tmp_path: Path
) -> None:
    good, bad, binary = tmp_path / "good.json", tmp_path / "bad ü.json", tmp_path / "binary.json"
    good.write_text(json.dumps({"SessionId": SESSION_ID}))
    bad.write_text('{"SessionId": "short"}', encoding="utf-8")
    binary.write_bytes(b'{"SessionId": "\xff"}')
    for path in (good, bad, binary):
        for prefix in ("file://", "fileb://"):
            for more in ([], ID):
                both = programs.run("--cli-input-json", f"{prefix}{path}", *more, "--endpoint-url", url)
                assert_same(both, (path, prefix, more))
    assert programs.run("--cli-input-json", f"file://{good}", "--endpoint-url", url).watcher.code == 0
    assert programs.run("--cli-input-json", f"file://{bad}", *ID, "--endpoint-url", url).watcher.code == 0


def test_a_session_id_may_come_from_a_file_or_a_url(
    url: str, endpoint: Endpoint, programs: Programs, tmp_path: Path
) -> None:
    (tmp_path / "id").write_text(SESSION_ID)
    served = endpoint.url(endpoint.put(Answer(SESSION_ID.encode())))
    refused = endpoint.url(endpoint.put(Answer(b"no", status=404)))
    environment = {**CREDENTIALS, "HERE": str(tmp_path)}
    for given_id in (
        f"file://{tmp_path}/id",
        "file://$HERE/id",
        f"fileb://{tmp_path}/id",
        served,
        refused,
        "file://x",
    ):
        both = programs.run("--session-id", given_id, "--endpoint-url", url, environment=environment)
        assert_same(both, given_id)
    config = tmp_path / "config"
    config.write_text("[default]\ncli_follow_urlparam = false\n")
    environment["AWS_CONFIG_FILE"] = str(config)
    both = programs.run("--session-id", served, "--endpoint-url", url, environment=environment)
    assert_same(both)
    assert both.watcher.code == 255


@pytest.mark.parametrize("session_id", ["", "x", "a" * 36, "a" * 37, "ü" * 36, " " + SESSION_ID[1:]])
def test_the_session_id_is_checked_alike(session_id: str, url: str, programs: Programs) -> None:
    assert_same(programs.run("--session-id", session_id, "--endpoint-url", url))


@pytest.mark.parametrize("more", [[], ["input"], ["input", "--output", "text"], ["input", *ID], ["input", "--debug"]])
def test_the_input_skeleton_is_the_same(more: list[str], programs: Programs) -> None:
    both = programs.run("--generate-cli-skeleton", *more)
    assert both.watcher.stdout == both.aws.stdout == b'{\n    "SessionId": ""\n}\n'
    assert both.watcher.code == both.aws.code == 0
