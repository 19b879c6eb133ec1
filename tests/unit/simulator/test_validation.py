from typing import Any

import pytest

from watcher.simulator.validation import RequestValidator
from watcher.simulator.wire import CREATE, GET, INVALID_PARAMETER, SERIALIZATION, VALIDATION, ApiError

SESSION_ID = "0b8f4bd4-1cc9-4d8f-9a2f-0c4f53a6d1aa"


def refusal(operation: str, members: dict[str, Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        RequestValidator().check(operation, members)
    return caught.value


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"ClientRequestToken": "a-Z_9"},
        {"ClientRequestToken": "x" * 64, "KmsKeyId": "arn:aws:kms:us-east-1:1:key/a,b=c@d.e+f_g-h"},
        {"ClientRequestToken": None},
        {"Settings": {"OutputConfig": {"S3Bucket": "abc"}}},
        {"Settings": {"OutputConfig": {"S3Bucket": "a.b-c_d", "S3KeyPrefix": ""}}},
        {"Settings": {"ChallengePreferences": []}},
        {"Settings": {"ChallengePreferences": [{"Type": "FaceMovementChallenge", "Versions": {"Minimum": "1.0.0"}}]}},
    ],
)
def test_a_proper_creation_passes(members: dict[str, Any]) -> None:
    RequestValidator().check(CREATE, members)


@pytest.mark.parametrize("limit", [-5, 0, 4, 99, 2.5])
def test_any_audit_images_limit_passes_because_the_service_clamps_it(limit: float) -> None:
    RequestValidator().check(CREATE, {"Settings": {"AuditImagesLimit": limit}})


def test_members_that_the_model_does_not_know_are_ignored() -> None:
    RequestValidator().check(CREATE, {"Colour": "red", "Settings": {"Shape": {"Round": True}}})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"ClientRequestToken": "a b"},
            (
                "Value 'a b' at 'clientRequestToken' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: ^[a-zA-Z0-9-_]+$"
            ),
        ),
        (
            {"ClientRequestToken": "x" * 65},
            (
                f"Value '{'x' * 65}' at 'clientRequestToken' failed to satisfy constraint: "
                "Member must have length less than or equal to 64"
            ),
        ),
        (
            {"KmsKeyId": "-key"},
            (
                "Value '-key' at 'kmsKeyId' failed to satisfy constraint: Member must satisfy regular expression "
                "pattern: ^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$"
            ),
        ),
        (
            {"Settings": {"OutputConfig": {}}},
            "Value null at 'settings.outputConfig.s3Bucket' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Settings": {"OutputConfig": {"S3Bucket": "ab"}}},
            (
                "Value 'ab' at 'settings.outputConfig.s3Bucket' failed to satisfy constraint: "
                "Member must have length greater than or equal to 3"
            ),
        ),
        (
            {"Settings": {"OutputConfig": {"S3Bucket": "abc", "S3KeyPrefix": "a b"}}},
            (
                "Value 'a b' at 'settings.outputConfig.s3KeyPrefix' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: \\S*"
            ),
        ),
        (
            {"Settings": {"ChallengePreferences": [{"Type": "Dance"}]}},
            (
                "Value 'Dance' at 'settings.challengePreferences.1.member.type' failed to satisfy constraint: Member "
                "must satisfy enum value set: [FaceMovementAndLightChallenge, FaceMovementChallenge]"
            ),
        ),
        (
            {"Settings": {"ChallengePreferences": [{"Versions": {}}]}},
            (
                "Value null at 'settings.challengePreferences.1.member.type' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
    ],
)
def test_a_broken_constraint_is_told_in_awss_words(members: dict[str, Any], words: str) -> None:
    error = refusal(CREATE, members)
    assert error.code == VALIDATION
    assert error.http == 400
    assert error.message == f"1 validation error detected: {words}"


def test_a_pattern_must_match_the_whole_value_and_not_a_line_of_it() -> None:
    assert "clientRequestToken" in refusal(CREATE, {"ClientRequestToken": "abc\n"}).message


def test_several_violations_are_counted_and_all_told() -> None:
    message = refusal(CREATE, {"ClientRequestToken": "", "KmsKeyId": "k" * 2049}).message
    assert message.startswith("3 validation errors detected: ")
    assert message.count("; ") == 2


@pytest.mark.parametrize("session_id", ["", "abc", SESSION_ID.upper(), SESSION_ID + "0", "g" * 36])
def test_a_session_id_must_be_a_lowercase_uuid(session_id: str) -> None:
    assert "at 'sessionId' failed to satisfy constraint" in refusal(GET, {"SessionId": session_id}).message


def test_the_session_id_is_required() -> None:
    assert refusal(GET, {}).message == (
        "1 validation error detected: Value null at 'sessionId' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"ClientRequestToken": 5}, "NUMBER_VALUE can not be converted to a String"),
        ({"ClientRequestToken": True}, "TRUE_VALUE can not be converted to a String"),
        ({"KmsKeyId": {}}, "Start of structure or map found where not expected."),
        ({"KmsKeyId": []}, "Start of list found where not expected"),
        ({"Settings": "s"}, "Expected null"),
        ({"Settings": {"AuditImagesLimit": "4"}}, "STRING_VALUE can not be converted to an Integer"),
        ({"Settings": {"AuditImagesLimit": False}}, "FALSE_VALUE can not be converted to an Integer"),
        ({"Settings": {"ChallengePreferences": 1}}, "Expected list or null"),
    ],
)
def test_a_wrong_type_is_a_serialization_exception(members: dict[str, Any], words: str) -> None:
    error = refusal(CREATE, members)
    assert (error.code, error.http, error.message) == (SERIALIZATION, 400, words)


def test_the_code_for_a_broken_constraint_can_be_chosen() -> None:
    with pytest.raises(ApiError) as caught:
        RequestValidator(INVALID_PARAMETER).check(GET, {"SessionId": "x"})
    assert caught.value.code == INVALID_PARAMETER
