"""Whose socket a client has, by texts as Linux writes them on a little-endian machine."""

import os
from pathlib import Path

import pytest

from watcher.telemetry.client_owner import is_own_client

ME = 1000
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
SERVER = 9464  # 24F8


def row(local: str, remote: str, *, uid: int = ME, state: str = "01") -> str:
    times = "00000000:00000000 00:00000000 00000000"
    return f"   7: {local} {remote} {state} {times} {uid:5d}        0 4711 1 000000006cbd6b27 20 4 30 10 -1\n"


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.byteorder", "little")
    monkeypatch.setattr(os, "geteuid", lambda: ME)
    return tmp_path


def write(folder: Path, name: str, *rows: str) -> None:
    (folder / name).write_text(HEAD + "".join(rows))


V4 = ("0100007F:C001", "0100007F:24F8")
MAPPED = tuple(f"0000000000000000FFFF0000{end}" for end in V4)
V6 = ("00000000000000000000000001000000:C001", "00000000000000000000000001000000:24F8")
V4_CLIENT = ("127.0.0.1", 0xC001), ("127.0.0.1", SERVER)
MAPPED_CLIENT = ("::ffff:127.0.0.1", 0xC001, 0, 0), ("::ffff:127.0.0.1", SERVER, 0, 0)
V6_CLIENT = ("::1", 0xC001, 0, 0), ("::1", SERVER, 0, 0)


@pytest.mark.parametrize(
    ("table", "ends", "client"),
    [
        ("tcp", V4, V4_CLIENT),
        ("tcp", V4, MAPPED_CLIENT),
        ("tcp6", MAPPED, V4_CLIENT),
        ("tcp6", MAPPED, MAPPED_CLIENT),
        ("tcp6", V6, V6_CLIENT),
    ],
)
def test_the_clients_end_says_whose_it_is(
    table: str, ends: tuple[str, str], client: tuple[object, object], tables: Path
) -> None:
    for uid, is_own in ((ME, True), (0, True), (ME + 1, False), (65534, False)):
        write(tables, table, row(ends[1], ends[0], uid=0), row(*ends, uid=uid))
        assert is_own_client(*client, tables) == is_own


def test_a_scope_is_not_part_of_an_address(tables: Path) -> None:
    packed = "000080FE" + "00000000" + "0000FC00" + "0100FEFF"
    write(tables, "tcp6", row(f"{packed}:C001", f"{packed}:24F8"))
    client, server = (("fe80::fc:0:fffe:1%eth0", port, 0, 2) for port in (0xC001, SERVER))
    assert not is_own_client(client, ("fe80::1%eth0", SERVER, 0, 2), tables)
    assert is_own_client(client, server, tables)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(V4[1], V4[0])],
        [row(V4[0], "0100007F:24F9")],
        [row("0100007F:C002", V4[1])],
        [row("0200007F:C001", V4[1])],
        *([row(*V4, state=state)] for state in ("02", "04", "05", "06", "07", "08")),
        *([row(*V4, uid=0, state=state)] for state in ("05", "06")),
    ],
)
def test_a_client_that_no_table_has_connected_is_nobody(rows: list[str], tables: Path) -> None:
    write(tables, "tcp", *rows)
    assert not is_own_client(*V4_CLIENT, tables)


def test_without_tables_there_is_nobody(tables: Path) -> None:
    assert not is_own_client(*V4_CLIENT, tables)


def test_on_a_big_endian_machine_addresses_are_written_as_they_are_read(
    tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.byteorder", "big")
    write(tables, "tcp", row("7F000001:C001", "7F000001:24F8"))
    assert is_own_client(*V4_CLIENT, tables)
