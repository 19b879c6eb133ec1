"""One deadline for every call of a botocore client, and of the clients that fetch credentials."""

import os
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path

from watcher.aws.direct_sender import DirectSender
from watcher.bounded_http.client import ConnectionSettings
from watcher.bounded_http.tls import Tls

MAX_BODY = 32 * 1024 * 1024
"""Maximum bytes of a response. The largest that AWS sends is half of it: ten SQS messages of 1 MiB, or a page of
DynamoDB items, with JSON's escapes."""

_EVENT = "before-send"

HANDLER_ID = "watcher-call-deadline"
"""The id by which the handler can be unregistered."""


def enforce_call_deadline(
    client: Any,
    session: Any,
    *,
    connect_timeout: float,
    read_timeout: float,
    verify: bool | str | None = None,
    max_body: int = MAX_BODY,
) -> None:
    """Let no call over `client` take longer than `connect_timeout` + `read_timeout` seconds (0: no limit).

    If one of them is 0, the whole call has no limit, and each operation has the other one's. `session` is the one
    that the client was made from, `verify` is `create_client`'s. Closing the client closes its connections.
    """
    config, tls = client.meta.config, _tls(session, verify, client.meta.config.client_cert)
    limits = ConnectionSettings(
        connect_timeout, read_timeout, max_body, config.max_pool_connections, tls, config.proxies
    )
    sender = DirectSender(limits)
    client.meta.events.register(_EVENT, sender, HANDLER_ID)

    close = client.close

    def close_all() -> None:
        close()
        sender.close()

    client.close = close_all


def enforce_for_credentials(session: Any, *, connect_timeout: float, read_timeout: float) -> None:
    """The same for the clients (STS, SSO) that botocore makes from `session` to fetch credentials.

    They call once an hour and are never closed, so no connection is kept.
    """
    limits = ConnectionSettings(connect_timeout, read_timeout, MAX_BODY, 0, _tls(session, None, None), None)
    session.register(_EVENT, DirectSender(limits), HANDLER_ID)


def send_unsigned(client: Any, method: str, url: str) -> None:
    """Send a request without a body or signature the way the client's own are sent, whatever the response.

    Raises:
        BotoCoreError: no response came.
    """
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.emit(f"{_EVENT}.{service}.Probe", request=AWSRequest(method=method, url=url).prepare())


def _tls(session: Any, verify: Any, client_cert: Any) -> Tls:
    """As in `Session.create_client` and its HTTP session."""
    if verify is None:
        verify = session.get_config_variable("ca_bundle")
    if verify is None:
        verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    if not verify:
        return Tls(verify=False, client_cert=client_cert)
    return Tls(ca_file=get_cert_path(verify), client_cert=client_cert)
