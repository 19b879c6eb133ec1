import re

from watcher import __version__
from watcher.telemetry.landing import landing


def test_the_page_says_what_answers_and_links_to_the_rest() -> None:
    status, kind, body = landing()
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert f"liveness-watcher {__version__}" in body.decode()
    assert re.findall(r'href="([^"]+)"', body.decode()) == ["/metrics", "/livez", "/readyz", "/status.json"]
