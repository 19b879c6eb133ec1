from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from watcher.config import Loaded, sources

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

PAYOUT = "WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD"


def test_no_file_is_needed(settings_of: Load) -> None:
    loaded = settings_of()

    assert loaded.file is None
    assert set(loaded.origins.values()) == {"default"}


def test_the_named_file_beats_the_variables_and_that_beats_the_one_found(
    settings_of: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SYSTEM_FILE", tmp_path / "etc" / "watcher.toml")
    (tmp_path / "etc").mkdir()
    for name, port in (("etc/watcher.toml", 1), ("watcher.toml", 2), ("variable.toml", 3), ("named.toml", 4)):
        (tmp_path / name).write_text(f"[http]\nport = {port}\n")
    environ = {"WATCHER_CONFIG": "variable.toml"}

    named = settings_of(config=Path("named.toml"), environ=environ)
    assert (named.settings.http.port, named.file, named.origins["http.port"]) == (4, Path("named.toml"), "named.toml")
    assert settings_of(environ=environ).settings.http.port == 3
    assert settings_of(environ={"WATCHER_CONFIG": ""}).settings.http.port == 2
    (tmp_path / "watcher.toml").unlink()
    assert settings_of().settings.http.port == 1


@pytest.mark.parametrize(
    ("config", "environ", "origin"),
    [(Path("nope.toml"), {}, "--config"), (None, {"WATCHER_CONFIG": "nope.toml"}, "env WATCHER_CONFIG")],
)
def test_a_named_file_that_is_not_there_is_an_error(
    problems_of: Problems, config: Path | None, environ: dict[str, str], origin: str
) -> None:
    expected = f"nope.toml can't be read ({origin}): No such file or directory: name a file that can be read"
    assert problems_of("[http]\nport = 1\n", config=config, environ=environ) == [expected]


@pytest.mark.parametrize("origin", ["--config", "env WATCHER_CONFIG"])
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hunter2@h.example/x.toml", "https://***@h.example/x.toml"),
        ("s3://bucket/x.toml?X-Amz-Signature=hunter2", "s3://bucket/x.toml?***"),
        ("https:/user:hunter2@h.example", "https://***@h.example"),
        ("https://:hunter2/x@h.example", "https://***"),
    ],
)
def test_a_url_in_the_place_of_a_file_is_told_without_its_secrets(
    problems_of: Problems, origin: str, url: str, shown: str
) -> None:
    given: dict[str, Any] = {"config": Path(url)} if origin == "--config" else {"environ": {"WATCHER_CONFIG": url}}
    (problem,) = problems_of(None, **given)
    assert problem.startswith(f"{shown} can't be read ({origin}): ")
    assert "hunter2" not in problem


def test_a_file_that_is_there_but_closed_is_not_silently_left_out(problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").symlink_to("watcher.toml")
    assert problems_of()[0].startswith("watcher.toml can't be read (found there): ")


def test_a_folder_is_no_file(problems_of: Problems) -> None:
    assert "Is a directory" in problems_of(config=Path())[0]


def test_a_file_that_is_not_utf_8_is_told_with_its_line(problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_bytes(b"[aws]\nprofile = '\xff'\n")
    assert problems_of() == ["watcher.toml can't be read (found there): line 2 is not UTF-8: save the file as UTF-8"]


def test_numbers_beyond_what_python_reads_are_no_traceback(problems_of: Problems) -> None:
    assert "invalid TOML" in problems_of(f"[http]\nport = {'9' * 5000}\n")[0]


def test_an_override_can_have_come_by_an_option_of_its_own(settings_of: Load) -> None:
    loaded = settings_of(None, {"aws.region": "eu-west-1"}, option_names={"aws.region": "--region"})
    assert loaded.origins["aws.region"] == "--region"


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "us-east-1"),
    ],
)
def test_aws_region_beats_aws_default_region_and_empty_is_not_set(
    settings_of: Load, environ: dict[str, str], region: str
) -> None:
    assert settings_of(environ=environ).settings.aws.region == region


@pytest.mark.parametrize(
    ("environ", "profile"),
    [
        ({"AWS_PROFILE": "p"}, "p"),
        ({"AWS_DEFAULT_PROFILE": "d"}, "d"),
        ({"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "d"}, "d"),
    ],
)
def test_the_variables_for_the_profile_rank_as_in_botocore(
    settings_of: Load, environ: dict[str, str], profile: str
) -> None:
    assert settings_of(environ=environ).settings.aws.profile == profile


def test_a_services_own_endpoint_beats_the_one_for_all(settings_of: Load) -> None:
    environ = {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SQS": "http://sqs"}

    settings = settings_of(environ=environ).settings
    assert (settings.aws.endpoint_url, settings.queue.endpoint_url) == ("http://all", "http://sqs")
    settings = settings_of(environ=environ | {"AWS_ENDPOINT_URL_REKOGNITION": "http://rek"}).settings
    assert settings.aws.endpoint_url == "http://rek"
    settings = settings_of(environ=environ | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}).settings
    assert (settings.aws.endpoint_url, settings.queue.endpoint_url) == ("", "")


def test_a_bad_endpoint_of_awss_variable_is_told_with_its_name(problems_of: Problems) -> None:
    assert "(from env AWS_ENDPOINT_URL_SQS)" in problems_of(environ={"AWS_ENDPOINT_URL_SQS": "localhost"})[0]


def test_switching_the_tls_check_off_beats_the_bundle_of_the_environment(settings_of: Load) -> None:
    loaded = settings_of(None, {"aws.verify_ssl": "false"}, environ={"AWS_CA_BUNDLE": "/ca.pem"})

    assert loaded.settings.aws.ca_bundle == ""
    assert loaded.origins["aws.ca_bundle"] == "default"
    assert settings_of(environ={"AWS_CA_BUNDLE": "/ca.pem"}).settings.aws.ca_bundle == "/ca.pem"


def test_a_policy_is_set_by_its_name_in_any_case(settings_of: Load) -> None:
    new = settings_of(environ={PAYOUT: "95"})
    assert new.settings.decision.policies["payout"].threshold == 95

    spelled = settings_of("[decision.policies.PayOut]\nthreshold = 90\n", environ={PAYOUT: "95"})
    assert {name: policy.threshold for name, policy in spelled.settings.decision.policies.items()} == {"PayOut": 95}
    assert spelled.origins["decision.policies.PayOut.threshold"] == f"env {PAYOUT}"


@pytest.mark.parametrize(
    ("overrides", "environ", "name"),
    [
        ({"decision.policies.a.b.threshold": "95"}, {}, "a.b"),
        ({}, {"WATCHER_DECISION__POLICIES__A__B__THRESHOLD": "95"}, "a__b"),
        ({"decision.policies": '{"json": {"threshold": 95}}'}, {}, "json"),
    ],
)
def test_a_policys_name_may_have_the_separator_in_it(
    settings_of: Load, overrides: dict[str, str], environ: dict[str, str], name: str
) -> None:
    loaded = settings_of(None, overrides, environ=environ)

    assert loaded.settings.decision.policies[name].threshold == 95
    assert loaded.origins[f"decision.policies.{name}.threshold"] != "default"


@pytest.mark.parametrize(
    ("name", "text", "told", "fix"),
    [
        (
            "WATCHER_POLLING__MIN_INTERVALL",
            "1",
            "unknown setting polling.min_intervall",
            "did you mean polling.min_interval?",
        ),
        (
            "WATCHER_SINKS__0__TYPE",
            "file",
            "unknown setting sinks.0.type",
            "give all sinks at once, as one JSON list",
        ),
        ("WATCHER_POLLING__CONCURRENCY", "many", 'polling.concurrency = "many" is not a whole number', "give one"),
        ("WATCHER_POLLING__CONCURRENCY", "", 'polling.concurrency = "" is not a whole number', "give one"),
        (
            "WATCHER_AWS__VERIFY_SSL",
            "maybe",
            'aws.verify_ssl = "maybe" is neither true nor false',
            "give one of them",
        ),
        ("WATCHER_POLLING__JITTER", "nan", "polling.jitter = nan is not finite", "give a finite number"),
        ("WATCHER_AWS__REGION", "", 'aws.region = "" is empty', "give a region such as us-east-1"),
        (
            "WATCHER_AWS__SESSION_TOKEN",
            "FwoGZXIvYXdz",
            "unknown setting aws.session_token",
            "remove it; `watcher config schema` lists all there are",
        ),
    ],
)
def test_a_variable_that_can_not_be_used_is_an_error(
    problems_of: Problems, name: str, text: str, told: str, fix: str
) -> None:
    assert problems_of(environ={name: text}) == [f"{told} (from env {name}): {fix}"]


SECRET = "hunter2Hunter2"


@pytest.mark.parametrize(
    "text",
    [
        *(f'[aws]\n{key} = "{SECRET}"' for key in ("apikey", "api_keys", "access", "aws_access_key_id", "key_id")),
        f'[aws]\nregion = {{ access = "{SECRET}" }}',
        f'[aws]\nregion = ["{SECRET}"]',
        f'[aws.credentials]\nid = "{SECRET}"',
        f'aws = "{SECRET}"',
        f'webhook = "https://hooks.example.com/{SECRET}"',
        f'sinks = "hooks.example.com/{SECRET}"',
        f'sinks = ["hooks.example.com/{SECRET}"]',
        f'[decision.policies]\npayout = "{SECRET}"',
        f'[decision.policies."https://h/{SECRET}"]\nthreshold = 90',
        f'"https://h/{SECRET}" = 1',
        f'[http]\n"me:{SECRET}@h" = 1',
        *(
            f'[[sinks]]\ntype = "webhook"\nurl = "https://h/x"\n{line}'
            for line in (
                f'headers = "Authorization: Bearer {SECRET}"',
                f'headers = {{ Authorization = "Bearer {SECRET}" }}',
                f'uri = "hooks.example.com/{SECRET}"',
                f'"https://h/{SECRET}" = 1',
            )
        ),
        f'[[sinks]]\ntype = "webhook"\nurl = "hooks.example.com/{SECRET}"',
        f'[queue]\nurl = "sqlite://u:{SECRET}@h/q"',
    ],
)
def test_what_may_be_a_secret_is_not_repeated(problems_of: Problems, text: str) -> None:
    assert not [problem for problem in problems_of(text) if SECRET.lower() in problem.lower()]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WATCHER_WEBHOOK__URL", f"https://h/{SECRET}"),
        ("WATCHER_AWS__SESSION", SECRET),
        ("WATCHER_SINKS__0__URL", f"hooks.example.com/{SECRET}"),
        ("WATCHER_AWS__REGION__KEY", SECRET),
    ],
)
def test_nor_is_that_of_a_variable(problems_of: Problems, name: str, text: str) -> None:
    (problem,) = problems_of(environ={name: text})
    assert SECRET not in problem
    assert f"from env {name}" in problem


@pytest.mark.parametrize(
    "key", [f"https://h/{SECRET}", f"https://hooks.example.com/x/{SECRET}", f"sinks.https://h/{SECRET}", "aws"]
)
def test_nor_is_that_of_the_command_line(problems_of: Problems, key: str) -> None:
    (problem,) = problems_of(None, {key: SECRET})
    assert SECRET not in problem
    assert "from --set" in problem


def test_a_secret_in_a_variable_that_is_not_json_is_not_repeated(problems_of: Problems) -> None:
    text = '[{"type": "webhook", "url": "https://user:hunter2@example.com"'
    assert "hunter2" not in problems_of(environ={"WATCHER_SINKS": text})[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCHER_TEST_A__B", "x"),
        ("MY_WATCHER_AWS__REGION", "x"),
        ("PATH", "x"),
        # Kubernetes' links to a Service named watcher, or watcher-metrics
        ("WATCHER_PORT", "tcp://10.0.0.1:9090"),
        ("WATCHER_PORT_9090_TCP", "tcp://10.0.0.1:9090"),
        ("WATCHER_PORT_9090_TCP_PROTO", "tcp"),
        ("WATCHER_PORT_9090_TCP_PORT", "9090"),
        ("WATCHER_PORT_9090_TCP_ADDR", "10.0.0.1"),
        ("WATCHER_SERVICE_HOST", "10.0.0.1"),
        ("WATCHER_SERVICE_PORT_HTTP", "9090"),
        ("WATCHER_METRICS_SERVICE_PORT", "9090"),
        ("WATCHER_METRICS_PORT", "tcp://10.0.0.1:9090"),
    ],
)
def test_variables_of_others_are_left_alone(settings_of: Load, name: str, value: str) -> None:
    assert set(settings_of(environ={name: value}).origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("WATCHER_DECISION_THRESHOLD", "did you mean WATCHER_DECISION__THRESHOLD?"),
        ("WATCHER_AWS_REGION", "did you mean WATCHER_AWS__REGION?"),
        ("WATCHER_HTTP_PORT", "did you mean WATCHER_HTTP__PORT?"),
        ("WATCHER_SINK", "did you mean WATCHER_SINKS?"),
        ("WATCHER_CONFIG_FILE", "did you mean WATCHER_CONFIG?"),
        ("WATCHER_XYZ", "unset it; settings are WATCHER_SECTION__KEY"),
    ],
)
def test_a_variable_that_is_no_setting_names_the_nearest(problems_of: Problems, name: str, fix: str) -> None:
    assert problems_of(environ={name: "hunter2"}) == [f"unknown variable {name} (environment): {fix}"]
