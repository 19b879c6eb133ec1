"""The two pictures of README.md: the path of a session id, and the end of the demo."""

from collections import Counter
from io import StringIO
from xml.sax.saxutils import escape

from watcher.cli.demo.comparison import Comparison
from watcher.cli.demo.hints import Hinted
from watcher.cli.demo.plan import make_plan
from watcher.cli.demo.summary import HEAD as TABLE_HEAD
from watcher.cli.demo.summary import Report, print_report

SESSIONS = 200
SEED = 1

BOXES = (
    # x, y, width, title, second line, class
    (10, 95, 150, "your back end", "creates sessions", "outside"),
    (210, 95, 110, "queue", "SQLite or SQS", "store"),
    (370, 70, 300, "watcher", "", "watcher"),
    (440, 10, 160, "Rekognition", "", "outside"),
    (549, 200, 160, "ledger", "SQLite or DynamoDB", "store"),
    (720, 95, 110, "sinks", "SQS, webhook, …", "store"),
    (880, 95, 110, "your back end", "acts, once", "outside"),
)

STAGES = ((380, "consumer"), (452, "polling"), (524, "decisions"), (596, "delivery"))

ARROWS = (
    # from x, y to x, y, label and its place
    (160, 120, 208, 120, "id", 184, 112),
    (320, 120, 378, 120, "", 0, 0),
    (487, 95, 487, 47, "poll", 470, 62),
    (505, 47, 505, 95, "answer", 530, 62),
    (629, 143, 629, 198, "record", 653, 184),
    (662, 120, 718, 120, "event", 694, 112),
    (830, 120, 878, 120, "", 0, 0),
)

HEAD = """<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 8 4 0 8z" fill="#57606a"/></marker>"""

STYLE = """
text { font: 13px sans-serif; fill: #1f2328; text-anchor: middle }
.small { font-size: 11px; fill: #57606a }
rect { rx: 6; stroke: #57606a; fill: #ffffff }
.watcher { fill: #ddf4ff; stroke: #0969da }
.store { fill: #f6f8fa }
line { stroke: #57606a; stroke-width: 1.5; marker-end: url(#head) }
"""


def path_picture() -> str:
    """The path of a session id as SVG."""
    boxes = [line for box in BOXES for line in _box(*box)]
    stages = [line for x, name in STAGES for line in _stage(x, name)]
    arrows = [line for arrow in ARROWS for line in _arrow(*arrow)]
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 255" role="img">',
            "<title>The path of a session id</title>",
            f"<style>{STYLE}</style>",
            f"<defs>{HEAD}</defs>",
            '<rect width="1000" height="255" style="fill: #ffffff; stroke: none"/>',
            *boxes,
            *stages,
            *arrows,
            "</svg>\n",
        ]
    )


def _box(x: int, y: int, width: int, title: str, second: str, kind: str) -> list[str]:
    height, middle, first = 50 if second else 36, x + width // 2, y + 22
    if kind == "watcher":
        height, middle, first = 80, x + 40, y + 18
    lines = [f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"/>', _text(middle, first, title)]
    return lines + ([_text(middle, y + 40, second, "small")] if second else [])


def _stage(x: int, name: str) -> list[str]:
    return [f'<rect x="{x}" y="97" width="66" height="46"/>', _text(x + 33, 124, name, "small")]


def _arrow(x1: int, y1: int, x2: int, y2: int, label: str, x: int, y: int) -> list[str]:
    line = f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
    return [line, _text(x, y, label, "small")] if label else [line]


def _text(x: int, y: int, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x}" y="{y}">{escape(text)}</text>'


def demo_picture() -> str:
    """The demo's last screen as SVG: the plan's own numbers, with times of a measured run."""
    outcomes = Counter(
        (each.expected.outcome.value, each.expected.reason.value) for each in make_plan(SESSIONS, SEED).sessions
    )
    comparison = Comparison(outcomes, outcomes, (), latencies=MEASURED_LATENCIES, polls=673, repeats=10)
    report = Report(
        comparison, SESSIONS, calls=673, refused=14, dead=3, seconds=15.7, problems=(), hints=MEASURED_HINTS
    )
    screen = StringIO()
    print_report(report, screen)
    return terminal_picture(["$ watcher demo", *screen.getvalue().splitlines()], bold=("$", TABLE_HEAD[0], "all "))


def terminal_picture(lines: list[str], bold: tuple[str, ...]) -> str:
    """A terminal that shows these lines; those that begin so are bold."""
    width, height = 20 + 8.45 * max(map(len, lines)), 24 + 20 * len(lines)
    rows = [(28 + 20 * row, "bold" if line.startswith(bold) else "", line) for row, line in enumerate(lines)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">',
            "<title>watcher demo</title>",
            "<style>text { font: 14px monospace; fill: #d0d7de }",
            ".bold { font-weight: bold }</style>",
            f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#24292f"/>',
            *(
                f'<text x="14" y="{y}" class="{kind}" xml:space="preserve">{escape(line)}</text>'
                for y, kind, line in rows
            ),
            "</svg>\n",
        ]
    )


MEASURED_LATENCIES = (0.775, 0.775, 0.775, 5.15)
"""Of which the median and the 95th percentile, in seconds of life, are 9.3 and 61.8."""

MEASURED_HINTS = Hinted(ends=185, announced=157, delays=(0.16,), others=(0.85,))
