"""The object that users hold, with its real socket."""

import http.client
import json
import math
import socket
import threading
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest

from watcher.simulator import BoundingBox, ChosenChallenge, Fault, Scenario, SessionScript, Simulator
from watcher.simulator.sessions import EXPIRED
from watcher.simulator.wire import CREATE, GET, TARGET_PREFIX

MOVEMENT = ChosenChallenge("FaceMovementChallenge", "1.0.0")
SESSION_ID = "00000000-0000-4000-8000-000000000000"


class Client:
    """One connection, used for all its calls."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=1)

    def ask(self, method: str, path: str = "/", target: str = "", **members: Any) -> tuple[int, Any]:
        headers = {"X-Amz-Target": TARGET_PREFIX + target} if target else {}
        self.connection.request(method, path, json.dumps(members), headers)
        with self.connection.getresponse() as answer:
            return answer.status, json.loads(answer.read())

    def call(self, operation: str, **members: Any) -> Any:
        return self.ask("POST", target=operation, **members)[1]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    client = Client(simulator.url)
    yield client
    client.connection.close()


def test_a_connection_serves_many_calls(simulator: Simulator, client: Client) -> None:
    session_id = client.call(CREATE)["SessionId"]
    first_socket = client.connection.sock
    assert client.call(GET, SessionId=session_id)["Status"] == "CREATED"
    assert client.connection.sock is first_socket
    assert [call.operation for call in simulator.calls] == [CREATE, GET]


def test_the_status_page_counts_calls_by_operation_and_result(client: Client) -> None:
    client.call(CREATE)
    client.call(GET, SessionId=SESSION_ID)
    http_status, page = client.ask("GET")
    assert (http_status, page["sessions"], page["operations"]) == (200, 1, [CREATE, GET])
    assert page["calls"] == {CREATE: {"OK": 1}, GET: {"SessionNotFoundException": 1}}


def test_the_status_page_tells_the_uptime_in_real_seconds(client: Client) -> None:
    asked = monotonic()
    first = client.ask("GET")[1]["uptime_seconds"]
    answered = monotonic()
    while monotonic() - answered < 0.05:
        sleep(0.01)
    again = monotonic()
    passed = client.ask("GET")[1]["uptime_seconds"] - first
    rounding = 0.001
    assert again - answered - rounding <= passed <= monotonic() - asked + rounding


@pytest.mark.parametrize(("method", "path", "http_status"), [("GET", "/other", 404), ("PUT", "/", 405)])
def test_anything_else_is_refused(client: Client, method: str, path: str, http_status: int) -> None:
    assert client.ask(method, path)[0] == http_status


@pytest.mark.parametrize("opening", ["[", '{"SessionId":', '{"Other":'])
def test_a_body_nested_too_deeply_is_a_serialization_exception_and_the_connection_goes_on(
    client: Client, opening: str
) -> None:
    headers = {"X-Amz-Target": TARGET_PREFIX + GET}
    client.connection.request("POST", "/", opening * 50_000, headers)
    with client.connection.getresponse() as answer:
        assert (answer.status, json.loads(answer.read())) == (400, {"__type": "SerializationException"})
    assert client.call(GET, SessionId=SESSION_ID)["__type"] == "SessionNotFoundException"


def test_a_reset_is_an_rst_and_no_orderly_end() -> None:
    resetting = Scenario.default().with_faults(Fault("reset", operation=None))
    with (
        Simulator(resetting) as simulator,
        socket.create_connection(address(simulator), timeout=1) as connection,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nX-Amz-Target: %b\r\n\r\n" % (TARGET_PREFIX + CREATE).encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_session_can_be_scripted_adopted_and_looked_at(simulator: Simulator, client: Client) -> None:
    script = SessionScript(confidence=12.5, bounding_box=BoundingBox(left=-0.5), sdk_type="web")
    simulator.create_session(
        script,
        session_id=SESSION_ID,
        bucket="my-bucket",
        key_prefix="p",
        audit_images_limit=1,
        challenge=MOVEMENT,
        created_ago=10,
    )
    answer = client.call(GET, SessionId=SESSION_ID)
    assert (answer["Status"], answer["Confidence"]) == ("SUCCEEDED", 12.5)
    assert answer["ReferenceImage"]["S3Object"]["Name"] == f"p/{SESSION_ID}/reference.jpg"
    assert answer["ReferenceImage"]["BoundingBox"]["Left"] == -0.5
    assert len(answer["AuditImages"]) == 1
    assert answer["Metadata"] == {"SDKType": "web"}
    assert answer["Challenge"] == {"Type": "FaceMovementChallenge", "Version": "1.0.0"}
    assert simulator.session(SESSION_ID).script is script
    assert simulator.session(SESSION_ID).polls == 1


@pytest.mark.parametrize(("session_id", "words"), [(SESSION_ID, "is in use"), ("short", "at 'sessionId' failed")])
def test_an_id_that_cannot_be_adopted_is_refused(simulator: Simulator, session_id: str, words: str) -> None:
    simulator.create_session(session_id=SESSION_ID)
    with pytest.raises(ValueError, match=words):
        simulator.create_session(session_id=session_id)


def test_a_sessions_status_can_be_asked_without_a_call() -> None:
    with Simulator(time_scale=10) as simulator:
        session_id = simulator.create_session(created_ago=180)
        assert simulator.status(session_id) == EXPIRED
        assert simulator.calls == []
        with pytest.raises(KeyError):
            simulator.status(SESSION_ID)


def test_time_goes_by_the_injected_clock_and_the_scale() -> None:
    now = [50.0]
    with Simulator(clock=lambda: now[0], time_scale=10) as simulator:
        session_id = simulator.create_session(SessionScript(created_for=2, in_progress_for=8))
        now[0] = 50.9
        assert simulator.status(session_id) == "IN_PROGRESS"
        now[0] = 51.0
        assert simulator.status(session_id) == "SUCCEEDED"


def test_a_rate_limit_can_be_given_lifted_and_set_for_the_other_operation() -> None:
    with Simulator(rate_limit=1, clock=lambda: 0.0) as simulator:
        client = Client(simulator.url)
        assert client.call(GET, SessionId=SESSION_ID)["__type"] == "SessionNotFoundException"
        assert client.call(GET, SessionId=SESSION_ID)["__type"] == "ProvisionedThroughputExceededException"
        simulator.set_rate_limit(0)
        assert client.call(GET, SessionId=SESSION_ID)["__type"] == "SessionNotFoundException"
        simulator.set_rate_limit(1, CREATE, burst=1)
        assert ["SessionId" in client.call(CREATE) for _ in range(2)] == [True, False]
        client.connection.close()


def test_a_seed_repeats_the_ids() -> None:
    ids = []
    for _ in range(2):
        with Simulator(seed=3) as simulator:
            ids.append([simulator.create_session() for _ in range(3)])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


@pytest.mark.parametrize(
    "settings",
    [{"time_scale": 0}, {"time_scale": math.inf}, {"rate_limit": math.nan}, {"rate_limit": -1}, {"image_size": 5}],
)
def test_settings_that_make_no_sense_are_refused_before_listening(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give"):
        Simulator(**settings)


def test_closing_hangs_up_on_a_client_that_is_being_stalled() -> None:
    taken = threading.Event()
    stalling = Scenario.default().with_faults(Fault("stall", seconds=60))
    simulator = Simulator(stalling, on_call=lambda _call: taken.set())
    with socket.create_connection(address(simulator), timeout=1) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX-Amz-Target: %b\r\n\r\n" % (TARGET_PREFIX + GET).encode())
        assert taken.wait(1)
        simulator.close()
        simulator.close()
        assert connection.recv(1) == b""


def test_many_clients_at_once_each_get_their_own_session(simulator: Simulator) -> None:
    wrong: list[str] = []

    def converse() -> None:
        client = Client(simulator.url)
        for _ in range(20):
            session_id = client.call(CREATE)["SessionId"]
            if client.call(GET, SessionId=session_id)["SessionId"] != session_id:
                wrong.append(session_id)
        client.connection.close()

    threads = [threading.Thread(target=converse) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert simulator.counts() == {CREATE: {"OK": 160}, GET: {"CREATED": 160}}


def address(simulator: Simulator) -> tuple[str, int]:
    return "127.0.0.1", int(simulator.url.rpartition(":")[2])
