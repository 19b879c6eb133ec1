"""What a process and all its descendants use, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICK = float(os.sysconf("SC_CLK_TCK"))
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of /proc/PID/stat that are of use; see proc(5)."""

    parent: int
    cpu: float
    """CPU seconds, with those of the children that it has waited for."""
    threads: int
    rss: float
    """MB"""


@dataclass(frozen=True, slots=True)
class Used:
    """By a whole tree of processes: CPU seconds so far; resident MB, processes and threads now."""

    cpu: float
    rss: float
    processes: int
    threads: int


def parse(text: str) -> Stat:
    """A /proc/PID/stat; the command's name, the second field, may hold anything."""
    fields = text.rpartition(")")[2].split()
    cpu = sum(int(field) for field in fields[11:15]) / TICK
    return Stat(int(fields[1]), cpu, int(fields[17]), int(fields[21]) * PAGE / 2**20)


def used(root: int) -> Used:
    """By `root` and what descends from it."""
    stats = dict(all_stats())
    family = descendants(root, {pid: stat.parent for pid, stat in stats.items()})
    mine = [stats[pid] for pid in family if pid in stats]
    return Used(
        sum(stat.cpu for stat in mine),
        sum(stat.rss for stat in mine),
        len(mine),
        sum(stat.threads for stat in mine),
    )


def family_of(root: int) -> set[int]:
    """The process ids of `root` and what descends from it."""
    return descendants(root, {pid: stat.parent for pid, stat in all_stats()})


def all_stats() -> list[tuple[int, Stat]]:
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                found.append((int(place.name), parse((place / "stat").read_text())))
            except OSError:
                continue  # it has ended meanwhile
    return found


def descendants(root: int, parents: dict[int, int]) -> set[int]:
    """`root` and all whose line of parents leads to it."""
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family
