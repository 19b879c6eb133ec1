"""The port `SessionResults`, using a botocore client."""

from functools import partial
from typing import Any

from watcher.aws.call_deadline import send_unsigned
from watcher.aws.errors import attempt
from watcher.domain.model import SessionResult
from watcher.rekognition.answer import parse_answer
from watcher.rekognition.errors import translate


class RekognitionResults:
    """Polls sessions with `client` (see `build_client`), which it owns: `close` closes it.

    Whatever a call raises becomes a PollError of its session. A bug in reading the answer surfaces as a bug.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._translate = partial(translate, region=client.meta.region_name)

    def get(self, session_id: str) -> SessionResult:
        """One call, one attempt, no longer than connect + read time-out (`watcher.aws.call_deadline`).

        Raises:
            PollError: one of its subclasses.
        """
        ask = partial(self._client.get_face_liveness_session_results, SessionId=session_id)
        response = attempt(ask, self._translate)
        return parse_answer(session_id, response)

    def probe(self) -> None:
        """Reach the endpoint without polling a session; any HTTP status means that it is reachable.

        Proxy, CA bundle and time-outs apply as for a poll. It is not signed: reaching the endpoint must neither need
        credentials nor use up the quota.

        Raises:
            PollError: it can't be reached.
        """
        attempt(partial(send_unsigned, self._client, "GET", self._client.meta.endpoint_url), self._translate)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
