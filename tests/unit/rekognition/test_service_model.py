"""AWS's service model against what the code reads: a botocore with a new member fails here, and names it.

Each test gives the code a value for every member of the model, and sees which of them it asks for.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from watcher.domain.errors import AccessDenied, RejectedByService, ServerFault, SessionNotFound, Throttled
from watcher.domain.model import SessionStatus
from watcher.rekognition.answer import parse_answer
from watcher.rekognition.errors import translate
from watcher.simulator.challenges import ChosenChallenge, choose
from watcher.simulator.faults import ERROR_KINDS
from watcher.simulator.results import FEEDBACK_MESSAGES, results, session_request
from watcher.simulator.scenario import Ending
from watcher.simulator.sessions import ENDINGS, CreateRequest, SimulatedSession

ID = "3f1d7e9a-0c52-4b8e-9d7f-2a6b1c0e4d5f"
Member = tuple[str, str]
"""Names of a structure and of one of its members."""

NOT_USED_BY_THE_SIMULATOR = {
    ("CreateFaceLivenessSessionRequest", "KmsKeyId"),  # it stores nothing that could be encrypted
}
NOT_GIVEN_BY_THE_SIMULATOR = {
    ("S3Object", "Version"),  # a bucket without versioning, which is the default
}
VALUES: dict[str, Any] = {
    "LivenessSessionId": ID,
    "LivenessSessionStatus": "SUCCEEDED",
    "Percent": 99.5,
    "Version": "1.0.0",
}
"""For shapes whose value decides what else is read, or has to have a form."""

model = Session().get_service_model("rekognition")
RESULTS = model.operation_model("GetFaceLivenessSessionResults")
CREATION = model.operation_model("CreateFaceLivenessSession")


class Recorded(dict[str, Any]):
    """A structure that notes in `asked` which of its members somebody asks for."""

    def __init__(self, shape: Any, asked: set[Member]) -> None:
        super().__init__({name: sample(member, asked) for name, member in shape.members.items()})
        self._shape, self._asked = shape, asked

    def _note(self, name: Any) -> None:
        if name in self._shape.members:
            self._asked.add((self._shape.name, name))

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def pop(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().pop(name, default)


def sample(shape: Any, asked: set[Member]) -> Any:
    """A value for a shape, whose structures note what is asked of them."""
    if shape.name in VALUES:
        return VALUES[shape.name]
    if shape.type_name == "structure":
        return Recorded(shape, asked)
    if shape.type_name == "list":
        return [sample(shape.member, asked)]
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "x" * max(shape.metadata.get("min", 0), 1)
    return b"image" if shape.type_name == "blob" else 1


def members(shape: Any) -> Iterator[Member]:
    """All members of a shape and of the structures in it."""
    if shape.type_name == "list":
        yield from members(shape.member)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield shape.name, name
            yield from members(member)


def given(shape: Any, value: Any) -> Iterator[Member]:
    """The members of a shape that a value has."""
    if shape.type_name == "list":
        for item in value:
            yield from given(shape.member, item)
    if shape.type_name == "structure":
        for name, inner in value.items():
            yield shape.name, name
            yield from given(shape.members[name], inner)


def test_every_member_of_an_answer_is_read() -> None:
    asked: set[Member] = set()
    parse_answer(ID, sample(RESULTS.output_shape, asked))
    assert asked == set(members(RESULTS.output_shape))


def test_the_simulator_uses_every_member_of_a_creation() -> None:
    asked: set[Member] = set()
    session_request(sample(CREATION.input_shape, asked))
    assert asked == set(members(CREATION.input_shape)) - NOT_USED_BY_THE_SIMULATOR


def test_the_simulator_gives_every_member_of_an_answer() -> None:
    script = Ending("all", feedback=("EYES_CLOSED_DETECTED",), sdk_type="web").script(Random(1))
    answers = [
        results(
            SimulatedSession(ID, script, CreateRequest(audit_images_limit=1, bucket=bucket), 0.0), "SUCCEEDED", 256
        )
        for bucket in ("", "my-bucket")
    ]
    found = {member for answer in answers for member in given(RESULTS.output_shape, answer)}
    assert found == set(members(RESULTS.output_shape)) - NOT_GIVEN_BY_THE_SIMULATOR


def test_every_status_is_known() -> None:
    statuses = set(RESULTS.output_shape.members["Status"].enum)
    assert {status.value for status in SessionStatus} == statuses
    assert set(ENDINGS) == statuses


def test_every_feedback_code_has_a_message_in_the_simulator() -> None:
    assert set(FEEDBACK_MESSAGES) == set(model.shape_for("FeedbackCode").enum)


def test_the_simulator_has_a_version_of_every_challenge() -> None:
    kinds = model.shape_for("ChallengeType").enum
    assert ChosenChallenge().type in kinds
    impossible = {"Minimum": "999.0.0"}
    for kind in kinds:
        others = [{"Type": other, "Versions": impossible} for other in kinds if other != kind]
        assert choose([*others, {"Type": kind}]).type == kind


ERRORS = {
    "AccessDeniedException": AccessDenied,
    "InternalServerError": ServerFault,
    "InvalidParameterException": RejectedByService,
    "ProvisionedThroughputExceededException": Throttled,
    "SessionNotFoundException": SessionNotFound,
    "ThrottlingException": Throttled,
}


def test_every_error_is_known_and_can_be_had_from_the_simulator() -> None:
    assert {shape.name for shape in RESULTS.error_shapes} == set(ERRORS)
    assert set(ERROR_KINDS.values()) == set(ERRORS)


@pytest.mark.parametrize(("code", "kind"), ERRORS.items())
def test_every_error_has_its_own_kind(code: str, kind: type[Exception]) -> None:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    assert type(translate(ClientError(answer, RESULTS.name))) is kind
