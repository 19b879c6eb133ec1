"""The page at `/` of the HTTP port, for whoever opens it in a browser."""

from http import HTTPStatus

from watcher import __version__

PAGE = f"""<!doctype html>
<html lang="en">
<title>liveness-watcher</title>
<h1>liveness-watcher {__version__}</h1>
<ul>
<li><a href="/metrics">/metrics</a>: for Prometheus</li>
<li><a href="/livez">/livez</a>: 503 when a thread hangs</li>
<li><a href="/readyz">/readyz</a>: 503 with what is wrong outside</li>
<li><a href="/status.json">/status.json</a>: what <code>watcher status</code> shows</li>
</ul>
</html>
""".encode()


def landing() -> tuple[HTTPStatus, str, bytes]:
    """Status, content type and body."""
    return HTTPStatus.OK, "text/html; charset=utf-8", PAGE
