from watcher.simulator.calls import CallLog, CallRecord
from watcher.simulator.wire import GET


def test_the_call_log_forgets_the_oldest_but_goes_on_counting() -> None:
    log = CallLog(size=2)
    for number in range(3):
        log.add(CallRecord(float(number), GET, "", "CREATED", 200))
    assert [one.at for one in log.records()] == [1.0, 2.0]
    assert log.counts() == {GET: {"CREATED": 3}}
