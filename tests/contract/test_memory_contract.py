"""What every memory has to do."""

from tests.contract.backends import MemoryBackend
from tests.support import decision
from watcher.domain.model import SessionKey


def test_a_new_memory_has_nothing(memories: MemoryBackend) -> None:
    assert memories.open().load() is None


def test_what_was_saved_last_is_loaded_by_whoever_opens_it_next(memories: MemoryBackend) -> None:
    one, other = memories.open(), memories.open()
    one.save("one")
    assert other.load() == "one"
    other.save("two")
    assert (one.load(), memories.open().load()) == ("two", "two")


def test_a_long_text_of_any_characters_comes_back_as_it_was(memories: MemoryBackend) -> None:
    text = "".join(map(chr, [*range(1, 0xD800, 7), *range(0x10000, 0x10400)])) * 12
    memories.open().save(text)
    assert memories.open().load() == text


def test_it_is_no_entry_of_the_ledger_that_it_lies_beside(memories: MemoryBackend) -> None:
    ledger, memory = memories.ledger(), memories.open()
    ledger.record([(decision(1), "[]")])
    memory.save("learned")
    ledger.record([(decision(2), "[]")])
    assert [entry.event for entry in ledger.recent(10)] == [decision(1), decision(2)]
    assert [entry.event for entry in ledger.after(0, 10)] == [decision(1), decision(2)]
    assert list(ledger.recent(10, "watcher.learned")) == []
    assert ledger.find([SessionKey("learned", "default")]) == {}
    assert memory.load() == "learned"
