"""The CloudFormation template: clean, really created on moto's CloudFormation, and enough to run the watcher on."""

import json
import subprocess
import sys
from contextlib import closing
from threading import Event
from typing import Any

import pytest
from cfnlint.decode import decode_str  # type: ignore[import-untyped]

from tests.moto import CREDENTIALS, MotoServer
from tests.stack import REGION, TEMPLATE, aws_client, create_stack
from tests.support import ROOT, ManualClock, decision, session_id
from watcher.config import AwsSettings
from watcher.config.urls import dynamodb_table
from watcher.domain.model import DeadReason, LedgerEntry
from watcher.ledgers.dynamodb.items import fitting
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.ledgers.dynamodb.state_store import DynamoDbStateStore
from watcher.queues.sqs.client import SqsCaller, open_caller
from watcher.queues.sqs.queue import SqsQueue
from watcher.queues.sqs.redrive_policy import LEAST_RECEIVES

IRSA = {
    "Identity": "irsa",
    "OidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC",
    "OidcIssuer": "oidc.eks.us-east-1.amazonaws.com/id/ABC",
    "Namespace": "checks",
    "ServiceAccount": "liveness",
}
FORTNIGHT = str(14 * 86_400)


@pytest.fixture
def stack(moto: MotoServer) -> dict[str, str]:
    return create_stack(moto.url)


def resources() -> dict[str, Any]:
    template, problems = decode_str(TEMPLATE.read_text())
    assert not problems
    found: dict[str, Any] = template["Resources"]
    return found


def queue_attributes(moto: MotoServer, url: str) -> dict[str, Any]:
    with closing(aws_client("sqs", moto.url)) as sqs:
        attributes: dict[str, Any] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes


def policy(moto: MotoServer, arn: str) -> list[dict[str, Any]]:
    with closing(aws_client("iam", moto.url)) as iam:
        version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    statements: list[dict[str, Any]] = version["Document"]["Statement"]
    return statements


def allowed(statements: list[dict[str, Any]], service: str) -> set[str]:
    """The actions of `service` that the statements allow."""
    named = [statement["Action"] for statement in statements]
    actions = {action for one in named for action in ([one] if isinstance(one, str) else one)}
    return {action.split(":")[1] for action in actions if action.startswith(f"{service}:")}


def trust(moto: MotoServer, outputs: dict[str, str]) -> dict[str, Any]:
    with closing(aws_client("iam", moto.url)) as iam:
        role = iam.get_role(RoleName=outputs["RoleArn"].rsplit("/", 1)[1])["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    return dict(statement)


def test_cfn_lint_has_nothing_to_say() -> None:
    command = "from cfnlint.runner import main; main()"
    lint = [sys.executable, "-c", command, "--include-checks", "I", "--", str(TEMPLATE)]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_message_is_received_often_before_it_is_put_aside(moto: MotoServer, stack: dict[str, str]) -> None:
    redrive = json.loads(queue_attributes(moto, stack["QueueUrl"])["RedrivePolicy"])
    dead = queue_attributes(moto, stack["DeadLetterUrl"])
    assert redrive["deadLetterTargetArn"] == dead["QueueArn"]
    assert int(redrive["maxReceiveCount"]) >= LEAST_RECEIVES
    assert dead["MessageRetentionPeriod"] == FORTNIGHT


def test_one_key_encrypts_queues_and_table(moto: MotoServer, stack: dict[str, str]) -> None:
    keys = {queue_attributes(moto, stack[f"{name}Url"])["KmsMasterKeyId"] for name in ("Queue", "DeadLetter")}
    keys.add(queue_attributes(moto, stack["DecisionsQueueUrl"])["KmsMasterKeyId"])
    (key,) = keys
    assert key.startswith(f"arn:aws:kms:{REGION}:")
    # Moto's CloudFormation passes over a table's encryption.
    assert resources()["Table"]["Properties"]["SSESpecification"]["SSEType"] == "KMS"


def test_a_key_that_is_there_already_is_used(moto: MotoServer) -> None:
    key = f"arn:aws:kms:{REGION}:123456789012:key/1234abcd"
    outputs = create_stack(moto.url, KeyArn=key)
    assert queue_attributes(moto, outputs["QueueUrl"])["KmsMasterKeyId"] == key
    with closing(aws_client("kms", moto.url)) as kms:
        assert kms.list_keys()["Keys"] == []


def test_the_table_bills_by_request_and_forgets_by_the_entries_own_attribute(
    moto: MotoServer, stack: dict[str, str]
) -> None:
    with closing(aws_client("dynamodb", moto.url)) as dynamodb:
        table = dynamodb.describe_table(TableName=dynamodb_table(stack["LedgerUrl"]))["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    # Moto's CloudFormation passes over a table's TTL and its backups.
    properties = resources()["Table"]["Properties"]
    item, _ = fitting(LedgerEntry(decision(1), 1.0))
    assert properties["TimeToLiveSpecification"]["Enabled"]
    assert properties["TimeToLiveSpecification"]["AttributeName"] in item
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]


def test_what_holds_decisions_outlives_the_stack() -> None:
    kept = {name for name, resource in resources().items() if resource.get("DeletionPolicy") == "Retain"}
    assert kept == {"Table", "Key"}


def test_the_role_is_for_one_service_account_of_one_cluster_by_pod_identity(moto: MotoServer) -> None:
    statement = trust(moto, create_stack(moto.url, ClusterName="mine", Associate="no"))
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:123456789012:cluster/mine",
        "aws:RequestTag/kubernetes-namespace": "liveness",
        "aws:RequestTag/kubernetes-service-account": "watcher",
    }


def test_a_role_without_a_cluster_is_refused() -> None:
    template, _ = decode_str(TEMPLATE.read_text())
    (assertion,) = template["Rules"]["ByPodIdentity"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ClusterName"}, ""]}]}


def test_the_role_is_for_one_service_account_by_irsa(moto: MotoServer) -> None:
    statement = trust(moto, create_stack(moto.url, **IRSA))
    assert statement["Principal"] == {"Federated": IRSA["OidcProviderArn"]}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"]["StringEquals"] == {
        f"{IRSA['OidcIssuer']}:aud": "sts.amazonaws.com",
        f"{IRSA['OidcIssuer']}:sub": "system:serviceaccount:checks:liveness",
    }


def test_the_role_may_call_of_dynamodb_what_the_ledger_calls(moto: MotoServer, stack: dict[str, str]) -> None:
    called: set[str] = set()
    client = aws_client("dynamodb", moto.url)
    client.meta.events.register("before-call.dynamodb", lambda model, **_: called.add(model.name))
    with closing(DynamoDbLedger(client, dynamodb_table(stack["LedgerUrl"]), ManualClock(), settling=-60)) as ledger:
        ledger.record([(decision(1), "[]")])
        ledger.record([(decision(1, "not_live"), "[]")])
        ledger.find([decision(1).key])
        ledger.mark_delivered([decision(1).key], "stdout")
        ledger.mark_acked([decision(1).key])
        assert len(ledger.recent(1)) == len(ledger.recent(1, session_id(1))) == len(ledger.after(0, 1)) == 1
        # On the same client, so that its calls are noted too; the ledger closes it.
        memory = DynamoDbStateStore(client, dynamodb_table(stack["LedgerUrl"]), ManualClock())
        memory.save("learned")
        assert memory.load() == "learned"
    assert allowed(policy(moto, stack["WatcherPolicyArn"]), "dynamodb") == called


def test_the_role_may_call_of_sqs_what_queue_and_sink_call(
    moto: MotoServer, stack: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    called: dict[str, set[str]] = {}

    def noting(url: str) -> SqsCaller:
        caller = open_caller(url, moto.url, AwsSettings())
        actions = called.setdefault(queue_attributes(moto, url)["QueueArn"], set())
        note = lambda model, **_: actions.add(model.name.removesuffix("Batch"))  # noqa: E731
        caller.client.meta.events.register("before-call.sqs", note)
        return caller

    source, dead = noting(stack["QueueUrl"]), noting(stack["DeadLetterUrl"])
    with closing(aws_client("sqs", moto.url)) as sqs, closing(SqsQueue(source, 60, ManualClock(), dead)) as queue:
        for body in "abc":
            sqs.send_message(QueueUrl=stack["QueueUrl"], MessageBody=body)
        one, two, three = queue.receive(10, 0, Event())
        queue.extend([one.lease])
        queue.ack([one.lease])
        queue.release([two.lease])
        queue.dead_letter(three, DeadReason.INVALID_MESSAGE, "why")
        assert queue.depth().dead == 1
    # The second is what `watcher check` sees with that it is there.
    called[queue_attributes(moto, stack["DecisionsQueueUrl"])["QueueArn"]] = {"SendMessage", "GetQueueAttributes"}
    statements = policy(moto, stack["WatcherPolicyArn"])
    assert {arn: allowed([one for one in statements if one["Resource"] == arn], "sqs") for arn in called} == called


def test_the_role_may_do_nothing_to_everything(moto: MotoServer, stack: dict[str, str]) -> None:
    statements = policy(moto, stack["WatcherPolicyArn"])
    everywhere = [statement for statement in statements if statement["Resource"] == "*"]
    assert [statement["Action"] for statement in everywhere] == ["rekognition:GetFaceLivenessSessionResults"]
    assert "*" not in "".join(
        allowed(statements, "sqs") | allowed(statements, "dynamodb") | allowed(statements, "kms")
    )
    with_key = [statement for statement in statements if "kms:Decrypt" in statement["Action"]]
    assert all(statement["Condition"]["StringEquals"]["kms:ViaService"] for statement in with_key)


def test_producers_may_send_and_nothing_else(moto: MotoServer, stack: dict[str, str]) -> None:
    statements = policy(moto, stack["ProducerPolicyArn"])
    assert allowed(statements, "sqs") == {"SendMessage"}
    assert statements[0]["Resource"] == queue_attributes(moto, stack["QueueUrl"])["QueueArn"]


def test_the_readme_has_the_templates_outputs_and_parameters(stack: dict[str, str]) -> None:
    readme = (ROOT / "deploy" / "aws" / "README.md").read_text()
    template, _ = decode_str(TEMPLATE.read_text())
    assert [name for name in [*stack, *template["Parameters"]] if f"`{name}`" not in readme] == []
