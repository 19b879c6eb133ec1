"""The real `watcher check` on a ledger in DynamoDB, which is moto's server."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.moto import CREDENTIALS
from tests.stack import aws_client
from tests.support import run_watcher
from watcher.simulator import Simulator

KEYS = {"sessionId": "S", "policy": "S"}
INDEX = {"log": "S", "sequence": "N"}
NO_INDEX = "no index of that name: add it as deploy/aws/template.yaml has it, with the keys `log` and `sequence`"


@pytest.fixture
def environment(moto_server: str) -> Iterator[dict[str, str]]:
    """Settings with the ledger in the table `led`, which is not there yet."""
    with Simulator() as simulator:
        yield {
            **CREDENTIALS,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
            "AWS_ENDPOINT_URL_DYNAMODB": moto_server,
            "NO_PROXY": "*",
            "WATCHER_LEDGER__URL": "dynamodb:///led",
        }


def schema(keys: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=True)]


def create_table(url: str, index: dict[str, str]) -> None:
    """A ledger's table, with the index by these attributes of these types, if any."""
    more: dict[str, Any] = {}
    if index:
        projection = {"ProjectionType": "KEYS_ONLY"}
        more["GlobalSecondaryIndexes"] = [
            {"IndexName": "by-time", "KeySchema": schema(index), "Projection": projection}
        ]
    with closing(aws_client("dynamodb", url)) as client:
        client.create_table(
            TableName="led",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": kind} for key, kind in (KEYS | index).items()
            ],
            KeySchema=schema(KEYS),
            **more,
        )


def check(folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code, and the ledger's line."""
    done = run_watcher(folder, "check", stdin=b"", **environment)
    assert done.stderr == ""
    (line,) = (line for line in done.stdout.splitlines() if line[9:24].strip() == "ledger")
    return done.returncode, line


def test_a_table_with_its_index_is_well(tmp_path: Path, environment: dict[str, str], moto_server: str) -> None:
    create_table(moto_server, INDEX)
    assert check(tmp_path, environment) == (0, "ok       ledger         dynamodb:///led: readable")


@pytest.mark.parametrize(
    ("index", "words"), [({}, NO_INDEX), ({"log": "S", "recordedAt": "N"}, "has not the keys of a ledger")]
)
def test_a_table_without_the_index_keeps_decisions_and_can_not_list_them(
    tmp_path: Path, environment: dict[str, str], moto_server: str, index: dict[str, str], words: str
) -> None:
    create_table(moto_server, index)
    code, line = check(tmp_path, environment)
    assert code == 0
    begin = "warning  ledger         decisions are kept, but `watcher decisions` can't list them: ledger table 'led'"
    assert line.startswith(begin)
    assert words in line


def test_decisions_without_the_index_names_the_fix(
    tmp_path: Path, environment: dict[str, str], moto_server: str
) -> None:
    create_table(moto_server, {})
    done = run_watcher(tmp_path, "decisions", stdin=b"", **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert NO_INDEX in done.stderr


def test_a_table_that_is_not_there_has_failed(tmp_path: Path, environment: dict[str, str]) -> None:
    code, line = check(tmp_path, environment)
    assert code == 1
    assert line.startswith("failed   ledger ")
    assert "check ledger.url and aws.region, or create the table" in line
