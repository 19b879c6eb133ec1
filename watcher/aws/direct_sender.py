"""Sends a botocore client's requests over our own connections, each call with one deadline.

botocore's `before-send` event lets a handler send the request itself. This one does so for every request, and raises
what botocore's own HTTP session raises for the same fault. It replaces no part of botocore or urllib3.
"""

from typing import Any

from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse

from watcher.aws.errors import UnreadableResponse
from watcher.bounded_http import errors
from watcher.bounded_http.client import ConnectionSettings, HttpClient
from watcher.bounded_http.http1 import Response
from watcher.bounded_http.origin import split

_ERRORS: dict[type[errors.HttpError], Any] = {
    errors.ConnectFailed: boto.EndpointConnectionError,
    errors.ConnectTimedOut: boto.ConnectTimeoutError,
    errors.ReadTimedOut: boto.ReadTimeoutError,
    errors.TlsFailed: boto.SSLError,
    errors.ConnectionBroken: boto.ConnectionClosedError,
}
"""Our errors, and the botocore errors with an endpoint's URL and a cause."""


class DirectSender:
    """Handler for `before-send`; any number of threads may call it."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._client = HttpClient(settings)

    def __call__(self, request: Any, **_: object) -> AWSResponse:
        """The response to an AWSPreparedRequest.

        Raises:
            BotoCoreError: the one that botocore's own HTTP session raises for the same fault.
            UnreadableResponse: a response that exceeds a limit.
        """
        response = self._send(request)
        return AWSResponse(request.url, response.status, response.headers, response)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._client.close()

    def _send(self, request: Any) -> Response:
        context = getattr(request, "context", None) or {}  # older botocore sends none
        # The body is sent in one piece.
        headers = [item for item in request.headers.items() if item[0].lower() != "transfer-encoding"]
        try:
            return self._client.call(
                request.method, request.url, headers, _body(request.body), context.get("read_timeout")
            )
        except errors.ResponseTooLarge as error:
            raise UnreadableResponse(str(error)) from error
        except errors.ProxyFailed as error:
            raise boto.ProxyConnectionError(proxy_url=self._shown_proxy(request.url), error=error) from error
        except errors.InvalidRequest as error:
            raise boto.HTTPClientError(error=error) from error
        except errors.HttpError as error:
            raise _ERRORS[type(error)](endpoint_url=request.url, error=error) from error

    def _shown_proxy(self, url: str) -> str:
        proxy = self._client.proxy_for(url)
        return proxy.shown if proxy else split(url)[0].authority


def _body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read() if hasattr(body, "read") else body)
