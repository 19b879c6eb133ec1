"""What goes wrong with a ledger in DynamoDB, and the fix, in one line without secrets."""

from contextlib import ExitStack

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)

from tests.integration.support.scripted_dynamodb import answer, refusal
from tests.integration.support.scripted_ledger import THROTTLE, failure
from watcher.aws.errors import CredentialsUnavailable


def test_a_throttle_that_stays_is_a_failure_that_names_the_table(opened: ExitStack) -> None:
    text = failure(opened, THROTTLE, THROTTLE, THROTTLE)
    assert text.startswith("ledger table 'decided' in DynamoDB: ")
    assert text.endswith("BatchGetItem: ThrottlingException: Rate exceeded")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (refusal("ResourceNotFoundException"), "or create the table with deploy/aws/template.yaml"),
        (
            refusal("AccessDeniedException", "not authorized to perform: dynamodb:X"),
            "dynamodb:X; allow dynamodb:X on this table in the role's policy, see the role in deploy",
        ),
        (refusal("ValidationException", "does not match the schema"), "has not the keys of a ledger"),
        (
            refusal("ValidationException", "The table does not have the specified index: by-time"),
            "has no index of that name: add it as deploy/aws/template.yaml has it",
        ),
        (refusal("UnrecognizedClientException"), "check aws.profile, access key, secret and aws.region"),
        (refusal("ExpiredTokenException"), "renew the credentials"),
        (
            EndpointConnectionError(endpoint_url="http://x"),
            "check the network, aws.region and AWS_ENDPOINT_URL_DYNAMODB",
        ),
        (
            ReadTimeoutError(endpoint_url="http://x"),
            "check the network, aws.region and AWS_ENDPOINT_URL_DYNAMODB",
        ),
        (SSLError(endpoint_url="http://x", error="e"), "set aws.ca_bundle to the CA"),
        (
            ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRoleWithWebIdentity"),
            "and the trust policy of the role",
        ),
        (NoCredentialsError(), "check aws.profile and where the credentials come from"),
        (
            ClientError({"Error": {"Code": "403"}}, "Query"),
            "without an error code of the API; a proxy's? Check aws.region and AWS_ENDP",
        ),
        (answer(b"<html>hello</html>"), "the endpoint did not answer as DynamoDB"),
        (
            CredentialsUnavailable(text="no AWS credentials: none found"),
            "none found; check aws.profile",
        ),
        (TypeError("odd"), "the endpoint did not answer as DynamoDB"),
        (RuntimeError("odd"), "RuntimeError in "),
    ],
)
def test_a_failure_says_what_to_do(opened: ExitStack, given: tuple[int, bytes] | Exception, said: str) -> None:
    assert said in failure(opened, given)


def test_a_failure_shows_no_credentials(opened: ExitStack) -> None:
    signature = refusal("InvalidSignatureException", "does not match\nx-amz-security-token:secret")
    assert "secret" not in failure(opened, signature).replace("access key, secret and", "")
    assert "hush" not in failure(opened, CredentialRetrievalError(provider="p", error_msg="hush"))
    assert "AKIAABCDEFGHIJKLMNOP" not in failure(opened, refusal("AccessDeniedException", "AKIAABCDEFGHIJKLMNOP no"))
