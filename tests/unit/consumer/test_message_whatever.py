import json
from datetime import timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import START, session_id
from tests.unit.support.messages import ID, event_of, eventbridge, parse, sns
from watcher.domain.errors import InvalidMessage
from watcher.domain.session_id import SESSION_ID

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(ID) | st.just("payout"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
offsets = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
times = st.datetimes(timezones=offsets).map(lambda at: at.isoformat()) | json_values
messages = st.fixed_dictionaries(
    {"sessionId": st.just(ID) | json_values},
    optional={
        "createdAt": times,
        "policy": st.just("payout") | json_values,
        "context": st.dictionaries(st.text(), json_values, max_size=4) | json_values,
    },
)
envelopes = st.one_of(
    messages,
    messages.map(eventbridge),
    messages.map(json.dumps).map(sns),
    json_values.map(eventbridge),
    st.text().map(sns),
)


@given(st.text() | (json_values | envelopes).map(json.dumps))
@settings(max_examples=2 * settings().max_examples)
def test_whatever_comes_is_served_or_refused_and_what_is_served_keeps_its_context(body: str) -> None:
    try:
        request = parse(body)
    except InvalidMessage:
        return
    data = event_of(request)["data"]
    assert data["context"] == json.loads(request.context)
    assert data["sessionId"] == request.key.session_id
    assert SESSION_ID.fullmatch(data["sessionId"])  # mostly ID, but others come by chance
    assert request.created_at <= START


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_every_lowercase_uuid_is_an_id(number: int) -> None:
    assert parse(session_id(number)).key.session_id == session_id(number)
