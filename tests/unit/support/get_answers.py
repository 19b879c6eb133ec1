"""What a poll of `watcher get` gets, as botocore gives it."""

from typing import Any

from botocore.exceptions import ClientError

SESSION_ID = "3f1d7e9a-0c52-4b8e-9d7f-2a6b1c0e4d5f"


def answer(status: str, **members: Any) -> dict[str, Any]:
    return {"SessionId": SESSION_ID, "Status": status, **members}


def service_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "GetFaceLivenessSessionResults",
    )
