"""stderr and exit codes are AWS CLI v1's for everything that can go wrong before and during the call."""

import socket
from pathlib import Path

import pytest

from tests.acceptance.test_get.corpus import SESSION_ID
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import CREDENTIALS, Both, Programs
from tests.acceptance.test_get.words import comparable

ID = ["--session-id", SESSION_ID]
OK = Answer.of({"SessionId": SESSION_ID, "Status": "CREATED"})


def without(*names: str, **more: str) -> dict[str, str]:
    return {name: value for name, value in CREDENTIALS.items() if name not in names} | more


def assert_same(both: Both, case: object = None, code: int = 255) -> None:
    assert (both.watcher.code, both.watcher.stdout) == (both.aws.code, both.aws.stdout), (case, both)
    assert comparable(both.watcher.stderr) == comparable(both.aws.stderr), case
    assert both.watcher.code == code, (case, both)


SERVICE_ERRORS = {
    "not found": Answer.error("SessionNotFoundException", "Session not found."),
    "denied": Answer.error("AccessDeniedException", "User: arn:... is not authorized"),
    "namespace": Answer.error("com.amazon.coral#ThrottlingException", "Rate exceeded"),
    "no message": Answer.error("InvalidParameterException", None),
    "empty message": Answer.error("InvalidParameterException", ""),
    "unicode": Answer.error("InvalidParameterException", "ungültig →\n second line"),
    "server": Answer.error("InternalServerError", "oops", 500),
    "unavailable": Answer(b"<html>busy</html>", 503),
    "blank 500": Answer(b"", 500),
    "blank 400": Answer(b"", 400),
    "not JSON 400": Answer(b"nope", 400),
    "header": Answer(b'{"message": "m"}', 400, {"x-amzn-ErrorType": "ThrottlingException:http://x/"}),
    "query error header": Answer(b'{"__type": "A", "message": "m"}', 400, {"x-amzn-query-error": "Other;Sender"}),
    "redirect": Answer(b"", 301, {"Location": "http://127.0.0.1:9/"}),
    "gone": Answer(b"{}", 404),
    "unsigned": Answer.error("UnrecognizedClientException", "The security token included in the request is invalid."),
    "expired": Answer.error("ExpiredTokenException", "expired"),
    "Message in capitals": Answer(b'{"__type": "X", "Message": "M"}', 400),
    "code": Answer(b'{"code": "X", "message": null}', 400),
    "list": Answer(b"[]", 400),
    "null": Answer(b"null", 400),
}


@pytest.mark.parametrize("name", SERVICE_ERRORS)
def test_a_service_error_is_told_in_the_same_words(name: str, programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(SERVICE_ERRORS[name]))
    assert_same(programs.run(*ID, "--endpoint-url", url))


@pytest.mark.parametrize("value", ["-1", "1.5", "abc", "", "1e3", "0x10", "-0.5", "None", "∞"])
@pytest.mark.parametrize("option", ["--cli-read-timeout", "--cli-connect-timeout"])
def test_a_bad_timeout_is_refused_in_the_same_words(
    option: str, value: str, programs: Programs, endpoint: Endpoint
) -> None:
    assert_same(programs.run(*ID, option, value, "--endpoint-url", endpoint.url(endpoint.put(OK))), value)


@pytest.mark.parametrize("query", ["a[", "", "foo(", "[?a=b]", "nope(@)", "a b", "length(`1`)", "é"])
def test_a_bad_query_is_refused_in_the_same_words(query: str, programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(OK))
    assert_same(programs.run(*ID, "--query", query, "--endpoint-url", url))


BAD_URLS = [
    "localhost",
    "localhost:8000",
    "//host",
    "http://",
    "http:///x",
    "ftp://x",
    "http://[::1",
    "x y",
    "https:/x",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_bad_endpoint_is_refused_in_the_same_words(url: str, programs: Programs) -> None:
    assert_same(programs.run(*ID, "--endpoint-url", url))


def test_a_missing_region_is_told_in_the_same_words(programs: Programs) -> None:
    for more in ([], ["--endpoint-url", "http://127.0.0.1:9"], ["--no-sign-request"]):
        both = programs.run(*ID, *more, environment=without("AWS_DEFAULT_REGION"))
        assert_same(both, more)
        assert b"You must specify a region" in both.watcher.stderr


@pytest.mark.parametrize("region", ["", "eu west", "-x", "a.b", "nowhere-1", "http://x", "x" * 64])
def test_an_odd_region_is_treated_alike(region: str, programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(OK))
    both = programs.run(*ID, f"--region={region}", "--endpoint-url", url)
    assert_same(both, region, code=both.aws.code)


def test_missing_credentials_are_told_in_the_same_words(programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(OK))
    both = programs.run(*ID, "--endpoint-url", url, environment=without("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    assert_same(both)
    assert b"Unable to locate credentials" in both.watcher.stderr
    assert_same(programs.run(*ID, "--endpoint-url", url, environment=without("AWS_SECRET_ACCESS_KEY")), "half")
    unsigned = programs.run(*ID, "--endpoint-url", url, "--no-sign-request", environment=without("AWS_ACCESS_KEY_ID"))
    assert_same(unsigned, code=0)


def test_an_unreachable_endpoint_is_told_in_the_same_words(programs: Programs) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert_same(programs.run(*ID, "--endpoint-url", f"http://127.0.0.1:{port}/path"))
        assert_same(programs.run(*ID, "--endpoint-url", f"https://127.0.0.1:{port}"))
    assert_same(programs.run(*ID, "--endpoint-url", "http://no-such-host.invalid"))


def test_tls_to_a_plain_server_is_told_in_the_same_words(programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(OK)).replace("http:", "https:")
    both = programs.run(*ID, "--endpoint-url", url)
    assert both.watcher.code == both.aws.code == 255
    assert both.watcher.stderr.startswith(b"\nSSL validation failed for https://127.0.0.1")


def test_a_missing_bundle_is_told_in_the_same_words(programs: Programs) -> None:
    where = [*ID, "--endpoint-url", "https://127.0.0.1:9"]
    assert_same(programs.run(*where, "--ca-bundle", "/no/such.pem"))
    assert_same(programs.run(*where, environment={**CREDENTIALS, "AWS_CA_BUNDLE": "/no/such.pem"}))
    assert_same(programs.run(*where, "--no-verify-ssl", "--ca-bundle", "/no/such.pem"))


def test_a_read_timeout_is_told_in_the_same_words(programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(Answer(b"", hang=True)))
    both = programs.run(*ID, "--endpoint-url", url, "--cli-read-timeout", "1")
    assert_same(both)
    assert both.watcher.stderr.startswith(b'\nRead timeout on endpoint URL: "')


def test_a_connect_timeout_is_told_in_the_same_words(programs: Programs) -> None:
    """A listener whose queue is full answers no further connection."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        both = programs.run(*ID, "--endpoint-url", url, "--cli-connect-timeout", "1")
    assert_same(both)
    assert both.watcher.stderr.startswith(b'\nConnect timeout on endpoint URL: "')


PROFILES = {
    "region": "[default]\nregion = eu-north-1\n",
    "output": "[default]\noutput = text\n",
    "bad output": "[default]\noutput = yaml\n",
    "endpoint": "[default]\nendpoint_url = nowhere\n",
    "timestamps": "[default]\ncli_timestamp_format = iso8601\n",
    "bad timestamps": "[default]\ncli_timestamp_format = never\n",
    "retries": "[default]\nmax_attempts = many\n",
    "bad retry mode": "[default]\nretry_mode = frantic\n",
    "keys": "[default]\naws_access_key_id = A\naws_secret_access_key = B\n",
    "half a key": "[default]\naws_access_key_id = A\n",
    "process": "[default]\ncredential_process = false\n",
    "role": "[default]\nrole_arn = arn:aws:iam::1:role/x\n",
    "source": "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = nope\n",
    "loop": "[default]\nrole_arn = a\nsource_profile = b\n[profile b]\nrole_arn = a\nsource_profile = default\n",
    "sso": "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n",
    "other": "[profile other]\nregion = eu-west-3\noutput = table\naws_access_key_id = A\naws_secret_access_key = B",
}


CREDENTIAL_PROFILES = ["keys", "half a key", "process", "role", "source", "loop", "sso", "other"]


@pytest.mark.parametrize(
    ("name", "keys"), [*((name, True) for name in PROFILES), *((name, False) for name in CREDENTIAL_PROFILES)]
)
def test_profile_files_are_followed_alike(
    name: str, keys: bool, programs: Programs, endpoint: Endpoint, tmp_path: Path
) -> None:
    url = endpoint.url(endpoint.put(OK))
    config = tmp_path / "config"
    config.write_text(PROFILES[name])
    found = without("AWS_DEFAULT_REGION") if keys else without("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    found |= {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    for more in ([], ["--profile", "other"], ["--region", "us-east-2", "--output", "json"]):
        both = programs.run(*ID, "--endpoint-url", url, *more, environment=found)
        assert_same(both, more, code=both.aws.code)
    for variable in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        both = programs.run(*ID, "--endpoint-url", url, environment={**found, variable: "other"})
        assert_same(both, variable, code=both.aws.code)


def test_a_broken_profile_file_is_told_without_a_traceback(programs: Programs, tmp_path: Path) -> None:
    """The known difference: the AWS CLI shows the traceback of its start."""
    config = tmp_path / "config"
    config.write_text("[default\n")
    both = programs.run(*ID, environment={**CREDENTIALS, "AWS_CONFIG_FILE": str(config)})
    assert both.aws.code == f"ConfigParseError: Unable to parse config file: {config}"
    assert both.watcher == (255, b"", f"\nUnable to parse config file: {config}\n".encode())


@pytest.mark.parametrize(
    "more",
    [
        {"AWS_DEFAULT_OUTPUT": "text"},
        {"AWS_DEFAULT_OUTPUT": "nope"},
        {"AWS_PROFILE": "nope"},
        {"AWS_RETRY_MODE": "frantic"},
        {"AWS_MAX_ATTEMPTS": "many"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_DEFAULTS_MODE": "standard"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/"},
    ],
    ids=str,
)
def test_environment_variables_are_followed_alike(
    more: dict[str, str], programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(OK))
    both = programs.run(*ID, "--endpoint-url", url, environment={**CREDENTIALS, **more})
    assert_same(both, code=both.aws.code)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"])
def test_the_endpoint_may_come_from_the_environment(variable: str, programs: Programs, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(OK))
    assert_same(programs.run(*ID, environment={**CREDENTIALS, variable: url}), code=0)


def test_a_region_that_only_aws_region_names_is_used(programs: Programs, endpoint: Endpoint) -> None:
    """The known difference: AWS CLI v1 does not read AWS_REGION."""
    url = endpoint.url(endpoint.put(OK))
    found = without("AWS_DEFAULT_REGION", AWS_REGION="eu-west-1")
    both = programs.run(*ID, "--endpoint-url", url, environment=found)
    assert (both.aws.code, both.watcher.code) == (255, 0)


RETRIES = [
    {"AWS_MAX_ATTEMPTS": "1"},
    {"AWS_MAX_ATTEMPTS": "3"},
    {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "standard"},
    {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "legacy"},
    {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "adaptive"},
]


@pytest.mark.parametrize("variables", RETRIES, ids=lambda found: "-".join(found.values()))
def test_retries_are_botocores_as_configured(
    variables: dict[str, str], programs: Programs, endpoint: Endpoint
) -> None:
    for answer in (Answer.error("ThrottlingException", "slow down"), Answer(b"", 500)):
        name = endpoint.put(answer)
        urls = {who: ["--endpoint-url", endpoint.url(name, who)] for who in ("aws", "watcher")}
        both = programs.run(*ID, environment={**CREDENTIALS, **variables}, **urls)
        assert_same(both)
        assert endpoint.count(name, "watcher") == endpoint.count(name, "aws") == int(variables["AWS_MAX_ATTEMPTS"])


def test_an_answer_after_a_retry_is_printed(programs: Programs, endpoint: Endpoint) -> None:
    name = endpoint.put(Answer(b"", 500), OK)
    urls = {who: ["--endpoint-url", endpoint.url(name, who)] for who in ("aws", "watcher")}
    assert_same(programs.run(*ID, environment=without("AWS_MAX_ATTEMPTS"), **urls), code=0)
