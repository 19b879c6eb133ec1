"""Answers and queries for the comparison: hand-made ones for what is known to be difficult, generated ones too."""

import base64
import json
from typing import Any

from hypothesis import strategies as st

SESSION_ID = "3f1d7e9a-0c52-4b8e-9d7f-2a6b1c0e4d5f"
IMAGE = base64.b64encode(bytes(range(256)) * 3).decode()
BOX = {"Width": 0.25, "Height": 0.5, "Left": -0.0312, "Top": 1.2}
IN_S3 = {
    "S3Object": {"Bucket": "amzn-s3-demo-bucket", "Name": "a/reference.jpg", "Version": "v1"},
    "BoundingBox": BOX,
}
INLINE = {"Bytes": IMAGE, "BoundingBox": BOX}
CHALLENGE = {"Type": "FaceMovementAndLightChallenge", "Version": "2.0.0"}
FEEDBACK = [
    {"Code": "LOW_LIGHTING_DETECTED", "Message": "Move to a brighter place."},
    {"Code": "FACE_NOT_ALIGNED", "Message": "Keep your face inside the oval."},
]
BASE = {"SessionId": SESSION_ID, "Status": "SUCCEEDED"}
FORMS = ("json", "text", "table")

ANSWERS: list[Any] = [
    {},
    {"Status": "CREATED"},
    BASE,
    {**BASE, "Status": "IN_PROGRESS"},
    {**BASE, "Confidence": 97.35},
    {**BASE, "Confidence": 100},
    {**BASE, "Confidence": 0},
    {**BASE, "Confidence": 1e-9},
    {**BASE, "Confidence": 1e22},
    {**BASE, "Confidence": 99.99999237060547},
    {**BASE, "Confidence": -0.0},
    {**BASE, "Confidence": None},
    {**BASE, "Confidence": "88.5"},
    {**BASE, "Confidence": float("nan")},
    {**BASE, "Confidence": float("inf")},
    {**BASE, "Confidence": 80, "ReferenceImage": IN_S3},
    {**BASE, "Confidence": 80, "ReferenceImage": INLINE},
    {**BASE, "ReferenceImage": {}},
    {**BASE, "ReferenceImage": {"Bytes": ""}},
    {**BASE, "ReferenceImage": {"S3Object": {}}},
    {**BASE, "ReferenceImage": {"BoundingBox": {"Width": 1}}},
    {**BASE, "AuditImages": []},
    {**BASE, "AuditImages": [{}]},
    {**BASE, "AuditImages": [{}, IN_S3]},
    {**BASE, "AuditImages": [IN_S3, INLINE, {"BoundingBox": BOX}, {"Bytes": IMAGE}]},
    {
        **BASE,
        "AuditImages": [IN_S3, INLINE] * 2,
        "ReferenceImage": INLINE,
        "Confidence": 99.5,
        "Challenge": CHALLENGE,
    },
    {**BASE, "Challenge": CHALLENGE},
    {**BASE, "Challenge": {"Type": "Ünïcödé 顔 чек 🙂", "Version": "e\u0301"}},
    {**BASE, "Status": "日本語の状態", "SessionId": "\uff41\uff42\uff43→…°"},
    {**BASE, "Status": 'tab\there "quoted" \\ back\u0000null\u007f\u0085\u2028'},
    {**BASE, "Status": "two\nlines"},
    {**BASE, "Status": "\x1b[31mred"},
    {**BASE, "Status": "lone \ud800 surrogate"},
    {**BASE, "Unknown": {"member": 1}},
    {**BASE, "Challenge": {"Type": "x" * 200, "Version": "1.0.0"}},
    {**BASE, "Feedback": []},
    {**BASE, "Feedback": FEEDBACK},
    {**BASE, "Feedback": FEEDBACK[:1], "Metadata": {"SDKType": "web"}},
    {**BASE, "Feedback": FEEDBACK * 5, "Confidence": 12.5, "Challenge": CHALLENGE, "ReferenceImage": IN_S3},
    {**BASE, "Feedback": [{}, {"Code": "NEW_CODE"}, {"Message": "Ünïcödé 顔\n🙂" * 40}], "Metadata": {}},
    {**BASE, "Status": "FAILED", "Metadata": {"SDKType": "x" * 64}},
]

QUERIES: list[str | None] = [
    None,
    "@",
    "Status",
    "Confidence",
    "Nope",
    "Nope.Nope[0]",
    "ReferenceImage",
    "ReferenceImage.Bytes",
    "ReferenceImage.BoundingBox",
    "ReferenceImage.BoundingBox.[Width,Height]",
    "Feedback",
    "Feedback[].Code",
    "Feedback[*].[Code, Message]",
    "{Status: Status, Why: Feedback[].Code, SDK: Metadata.SDKType}",
    "Metadata",
    "AuditImages",
    "AuditImages[0]",
    "AuditImages[*]",
    "AuditImages[].S3Object",
    "AuditImages[].S3Object.Name",
    "AuditImages[*].S3Object.[Bucket,Name]",
    "AuditImages[?S3Object].BoundingBox.Width",
    "AuditImages[*].{Name: S3Object.Name, Box: BoundingBox}",
    "[Status, Confidence]",
    "[SessionId, [Status, Confidence], Challenge]",
    "[[Status, Confidence], [SessionId, Nope]]",
    "[[[Status]], [[Confidence]]]",
    "{Status: Status, Score: Confidence}",
    "{S: Status}",
    "{a: [Status], b: {c: {d: Confidence}}}",
    "length(AuditImages)",
    "length(Nope)",
    "keys(@)",
    "values(Challenge)",
    "to_string(@)",
    "to_number(Confidence)",
    "Confidence > `80`",
    "Confidence == null",
    "Status == 'SUCCEEDED' && Confidence >= `80.0`",
    "`[]`",
    "`{}`",
    "`[[]]`",
    "`[{}, {}]`",
    '`[1, {"a": 1}]`',
    '`[{"a": 1}, 2]`',
    '`[1, [{"a": 1, "b": 2}]]`',
    "`[[1, 2], [3]]`",
    '`""`',
    "`0`",
    "`false`",
    "`[null, true, 1.50, 1e3]`",
    '`{"long name of a column": {"x": [1, 2, {"y": null}]}}`',
    "type(@)",
    "sort(keys(@))",
    "join('-', [SessionId, Status])",
    "abs(Confidence)",
    "sum(AuditImages[].BoundingBox.Width)",
    "not_null(Nope, Status)",
    "max_by(AuditImages, &BoundingBox.Width)",
    'merge(Challenge, `{"Extra": 1}`)',
]

_text = st.text(max_size=30) | st.sampled_from(["SUCCEEDED", "", "顔", "a\tb", "x" * 90, "É…"])
_number = st.floats(width=32) | st.integers(-10, 200) | st.floats(0, 100)
_scalar = st.none() | st.booleans() | _number | _text
anything = st.recursive(
    _scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=25,
)


def _some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any choice of these members."""
    return st.fixed_dictionaries({}, optional=members)


_base64 = st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode())
_image = _some(
    Bytes=_base64,
    S3Object=_some(Bucket=_text, Name=_text, Version=_text),
    BoundingBox=_some(Width=_number, Height=_number, Left=_number, Top=_number),
)
answers = _some(
    SessionId=_text,
    Status=st.sampled_from(["CREATED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "EXPIRED"]) | _text,
    Confidence=_number,
    ReferenceImage=_image,
    AuditImages=st.lists(_image, max_size=4),
    Challenge=_some(Type=_text, Version=_text),
    Feedback=st.lists(_some(Code=_text, Message=_text), max_size=10),
    Metadata=_some(SDKType=_text),
)
"""Answers as the service might give them, and a little beyond."""

queries = st.sampled_from(QUERIES)


def body(value: Any) -> bytes:
    """An answer's bytes, unicode unescaped where it can be."""
    text = json.dumps(value, ensure_ascii=False)
    return text.encode() if text.isprintable() else json.dumps(value).encode()
