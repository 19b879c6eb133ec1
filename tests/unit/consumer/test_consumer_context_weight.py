"""How much memory the contexts and events of all sessions in flight may take."""

import json
from threading import Event

from tests.support import session_id
from tests.unit.support.builders import a_beat, a_received_message
from tests.unit.support.world import World
from watcher.domain.limits import MAX_CONTEXT_BYTES
from watcher.sessions.in_flight import MAX_IN_FLIGHT_BYTES, MAX_SESSION_BYTES
from watcher.sessions.session import Session
from watcher.util.retry import RetryUntilStopped


def sessions_in(world: World, count: int) -> list[Session]:
    return [session for number in range(count) for session in world.in_flight.of(session_id(number))]


def test_a_batch_of_the_heaviest_messages_stays_within_the_bound() -> None:
    """Room is given for what a batch may weigh: what it does weigh is known only once it is received."""
    world, number = World(limit=1000), 0
    context = json.dumps({"a": "💡" + "x" * (MAX_CONTEXT_BYTES - 100)}, ensure_ascii=False)
    while room := world.in_flight.wait_for_room(0):
        numbers = range(number, number + room)
        number += room
        batch = [
            a_received_message(f'{{"sessionId": "{session_id(each)}", "context": {context}}}', each)
            for each in numbers
        ]
        world.consumer.process(batch, RetryUntilStopped(Event(), a_beat(world.clock)))
        assert len(world.in_flight) == number
        assert sum(session.context_bytes for session in sessions_in(world, number)) <= MAX_IN_FLIGHT_BYTES
    assert number >= MAX_IN_FLIGHT_BYTES // MAX_SESSION_BYTES
