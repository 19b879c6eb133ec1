"""The options that every command with settings has, and what they read."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from watcher.cli.echo import echo
from watcher.cli.options import (
    MOST_PROBLEMS,
    SettingsSource,
    exit_with,
    load_or_exit,
    settings_options,
    settings_or_exit,
)
from watcher.config import sources
from watcher.domain.errors import ConfigError
from watcher.util.machine_faults import EXHAUSTED


@pytest.fixture(autouse=True)
def a_clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "WATCHER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sources, "SYSTEM_FILE", tmp_path / "none.toml")
    monkeypatch.chdir(tmp_path)


def test_a_command_gets_its_settings_and_its_own_options() -> None:
    @click.command()
    @settings_options
    @click.option("--limit", type=int, default=1)
    def command(source: SettingsSource, limit: int) -> None:
        echo(f"{load_or_exit(source).settings.http.port} {limit}")

    assert CliRunner().invoke(command, ["--set", "http.port=5", "--limit", "3"]).output == "5 3\n"


def test_a_source_loads_anew_each_time() -> None:
    Path("watcher.toml").write_text("[http]\nport = 1\n")
    source = SettingsSource()
    first = source.load()
    Path("watcher.toml").write_text("[http]\nport = 2\n")

    assert (first.settings.http.port, source.load().settings.http.port) == (1, 2)


def test_a_reload_reads_the_file_in_force_although_one_of_higher_rank_appeared(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("[http]\nport = 1\n")
    source = SettingsSource()
    read = source.again(source.load())
    Path("watcher.toml").write_text("[http]\nport = 2\n")
    assert read().settings.http.port == 1
    (tmp_path / "none.toml").write_text("[http]\nport = 3\n")
    assert read().settings.http.port == 3


def test_a_reload_does_not_do_without_the_file_in_force(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("[http]\nport = 1\n")  # the next in rank
    Path("watcher.toml").write_text("[http]\nport = 2\n")
    source = SettingsSource()
    read = source.again(source.load())
    Path("watcher.toml").unlink()
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"^watcher\.toml can't be read .* restore it, or restart") as caught:
            read()
        assert len(caught.value.problems) == 1
    Path("watcher.toml").write_text("[http]\nport = 3\n")
    assert read().settings.http.port == 3


def test_a_reload_reads_the_file_that_was_named(tmp_path: Path) -> None:
    Path("own.toml").write_text("[http]\nport = 1\n")
    source = SettingsSource(Path("own.toml"))
    read = source.again(source.load())
    Path("own.toml").unlink()
    Path("watcher.toml").write_text("[http]\nport = 2\n")
    with pytest.raises(ConfigError, match=r"^own\.toml can't be read \(--config\)"):
        read()


def test_a_reload_without_a_file_in_force_keeps_to_the_first_that_it_finds() -> None:
    source = SettingsSource()
    read = source.again(source.load())
    Path("watcher.toml").write_text("[http]\nport = x\n")
    with pytest.raises(ConfigError):
        read()
    Path("watcher.toml").unlink()
    assert read().file is None
    Path("watcher.toml").write_text("[http]\nport = 2\n")
    assert read().settings.http.port == 2
    Path("watcher.toml").unlink()
    with pytest.raises(ConfigError):
        read()


def test_set_goes_before_an_option_and_the_later_of_two_counts() -> None:
    source = SettingsSource(None, ("aws.region=eu-west-1", "aws.region =eu-west-2"), {"--region": "us-west-2"})
    loaded = source.load()
    assert (loaded.settings.aws.region, loaded.origins["aws.region"]) == ("eu-west-2", "--set")


@pytest.mark.parametrize("text", ["http.port", "https://h/hunter2", ""])
def test_a_setting_without_a_value_says_how_to_write_it_and_repeats_no_secret(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SettingsSource(None, (text, "aws.region=eu-west-1")).load()
    assert [problem.endswith("has no value: write SECTION.KEY=VALUE") for problem in caught.value.problems] == [True]
    assert "hunter2" not in str(caught.value.problems)


def test_wrong_settings_end_a_command_with_78_and_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load_or_exit(SettingsSource(None, ("http.port=x", "log.level=loud")))
    assert caught.value.code == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.split(" = ")[0] for line in captured.err.splitlines()] == [
        "watcher: http.port",
        "watcher: log.level",
    ]


@pytest.mark.parametrize(("count", "last"), [(1, "watcher: 0"), (MOST_PROBLEMS, "watcher: 99")])
def test_a_user_s_problems_are_all_shown(capsys: pytest.CaptureFixture[str], count: int, last: str) -> None:
    with pytest.raises(SystemExit):
        exit_with(ConfigError([str(number) for number in range(count)]))
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1]) == (count, last)


def test_thousands_of_problems_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        exit_with(ConfigError(["wrong"] * 5000))
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1]) == (MOST_PROBLEMS + 1, "watcher: and 4900 more problems")


@pytest.mark.parametrize("number", sorted(EXHAUSTED))
def test_settings_that_the_machine_had_no_room_to_use_are_not_wrong(
    capsys: pytest.CaptureFixture[str], number: int
) -> None:
    try:
        raise ConfigError(["http.port = 1: choose another"]) from OSError(number, "no room")
    except ConfigError as error:
        with pytest.raises(SystemExit) as caught:
            exit_with(error)
    assert caught.value.code == 1  # 78 would keep systemd from trying again
    err = capsys.readouterr().err
    assert err.startswith(f"watcher: this machine: {os.strerror(number)}: ")
    assert "http.port" not in err


def test_only_settings_at_aws_have_the_profile_s_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "aws").write_text("[profile staff]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    profile = "aws.profile=staff"
    assert settings_or_exit(SettingsSource(None, (profile,))).aws.region == "us-east-1"
    at_aws = settings_or_exit(SettingsSource(None, (profile, "ledger.url=dynamodb:///watcher")))
    assert at_aws.aws.region == "eu-north-1"


def test_a_profile_that_aws_does_not_have_ends_a_command_with_78(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "aws").write_text("[profile staff]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    with pytest.raises(SystemExit) as caught:
        settings_or_exit(SettingsSource(None, ("aws.profile=nobody", "ledger.url=dynamodb:///watcher")))
    assert caught.value.code == 78
    assert "watcher: aws.profile = 'nobody'" in capsys.readouterr().err
