"""What processes spent of processor, with the children that they have: what a busy machine changes least."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(*process_ids: int) -> float:
    """Return the user and system time of these processes and their living descendants, in seconds."""
    spent: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        one = int(path.parent.name)
        spent[one] = (int(fields[11]) + int(fields[12])) / _TICKS
        children[int(fields[1])].append(one)
    found, left = 0.0, list(process_ids)
    while left:
        one = left.pop()
        found += spent.get(one, 0.0)
        left += children[one]
    return found


def parent_of(process_id: int) -> int:
    """Return whose child a process is."""
    return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[1])
