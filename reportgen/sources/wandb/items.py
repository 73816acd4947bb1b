"""Where the items of many history records lie in their bytes, found for all of them at once.

A history record is a run of items; an item is `0a len`, the bytes that name its key, `82 01 len` and a value
as JSON text. Every `82 01` is looked up, and each item checked to end where the next one begins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reportgen.sources.wandb.messages import Bytes

ITEM, STEP, VALUE = 0x0A, 0x12, 0x82  # first bytes of a history item, of the record's step, of an item's value
BEFORE, BEHIND = bytes(8), bytes(256)  # around the records, so that a short read at any place stays inside
MIX = np.uint64(0x9E3779B97F4A7C15)
FACTORS = np.array(  # odd, of no pattern
    [0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB], np.uint64
)
WIDTH = 8 * len(FACTORS)  # bytes that are hashed at once
MASKS = np.array(  # (WIDTH + 1, words): by how many bytes are left, the bits of them
    [[(1 << 8 * min(max(left - 8 * word, 0), 8)) - 1 for word in range(len(FACTORS))] for left in range(WIDTH + 1)],
    np.uint64,
)


class Items(NamedTuple):
    """Where items lie; each an array (n_items,), ascending."""

    record: np.ndarray  # which record an item is of
    key: np.ndarray  # where the bytes of its key begin
    mark: np.ndarray  # where they end
    value: np.ndarray  # where its value begins
    end: np.ndarray  # where it ends

    def at(self, chosen: np.ndarray) -> Items:
        """Some of the items, by position."""
        return Items(*(array[chosen] for array in self))


class Found(NamedTuple):
    """The items of a batch of records, and what must be looked at otherwise."""

    items: Items
    left: np.ndarray  # (n_records,) where each record's items end
    odd: np.ndarray  # records that aren't items and a step alone, and none of whose items are told


def find(buffer: Bytes, starts: np.ndarray, ends: np.ndarray) -> Found:
    """The items of the records that stand from each start to its end (n_records,) in a padded buffer."""
    found = np.frombuffer(buffer, np.uint8)
    mark = np.flatnonzero(found[: ends[-1] - 1] == VALUE)
    is_mark = found[mark + 1] == 1
    if not is_mark.all():
        mark = mark[is_mark]
    n_marks = np.diff(np.searchsorted(mark, np.append(starts, ends[-1])))
    has_any = n_marks > 0
    firsts = (np.cumsum(n_marks) - n_marks)[has_any]
    record = np.repeat(np.arange(len(starts)), n_marks)
    items, sound = _short(found, record, mark, firsts, starts[has_any])
    if not sound:
        items, is_sound = _any(found, record, mark, firsts, starts[has_any], ends)
    left = starts.copy()
    left[has_any] = items.end[firsts + n_marks[has_any] - 1]
    is_odd = ~_is_step(found, left, ends)
    if not sound:
        is_odd[record[~is_sound]] = True
    if is_odd.any():
        items = items.at(np.flatnonzero(~is_odd[record]))
    return Found(items, left, np.flatnonzero(is_odd))


def _short(
    found: np.ndarray, record: np.ndarray, mark: np.ndarray, firsts: np.ndarray, starts: np.ndarray
) -> tuple[Items, bool]:
    """The items as they lie when each is under 128 bytes, and whether that is so."""
    end = found[mark + 2] + (mark + 3)
    begin = np.empty_like(end)
    begin[1:] = end[:-1]
    begin[firsts] = starts
    key = begin + 2
    length = end - key
    is_sound = bool(len(mark)) and length.max() < 0x80 and (key < mark).all()
    is_sound = is_sound and (found[begin] == ITEM).all() and (found[begin + 1] == length).all()
    is_sound = is_sound and bool((end - mark < 0x83).all())
    return Items(record, key, mark, mark + 3, end), bool(is_sound)


def _any(
    found: np.ndarray, record: np.ndarray, mark: np.ndarray, firsts: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[Items, np.ndarray]:
    """The items as they lie, of any length, and which of them are sound."""
    length, value, sound = _lengths(found, mark + 2)
    end = value + length
    begin = np.empty_like(end)
    begin[1:] = end[:-1]
    begin[firsts] = starts
    sound &= (end <= ends[record]) & (begin < mark)
    begin = np.where(sound, begin, 0)
    length, key, is_short = _lengths(found, begin + 1)
    sound &= is_short & (found[begin] == ITEM) & (key + length == end) & (key < mark)
    return Items(record, key, mark, value, end), sound


def _is_step(found: np.ndarray, left: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Whether from each place (n,) to its end there is nothing, or a step alone."""
    inside = np.where(left < ends, left, 0)
    length = found[inside + 1]
    is_step = (found[inside] == STEP) & (length < 0x80) & (inside + 2 + length == ends)
    return (left == ends) | ((left < ends) & is_step)


def _lengths(found: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lengths that begin at places (n,), where what they count begins, and whether they are under 2^21."""
    length = found[at].astype(np.int64)
    begin = at + 1
    sound = np.ones(len(at), bool)
    longer = np.flatnonzero(length >= 0x80)
    for shift in (7, 14):
        more = found[begin[longer]].astype(np.int64)
        length[longer] += (more - 1) << shift  # takes back the 0x80 of the byte before
        begin[longer] += 1
        longer = longer[more >= 0x80]
    sound[longer] = False
    return length, begin, sound


def hashes(buffer: Bytes, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A 64-bit hash of the bytes from start to end, for each place (n,)."""
    strings = np.ndarray((len(buffer) - WIDTH + 1,), f"V{WIDTH}", buffer, strides=(1,))
    length = end - start
    found = _mixed(length.astype(np.uint64), strings[start], np.minimum(length, WIDTH))
    for offset in range(WIDTH, int(length.max(initial=0)), WIDTH):
        longer = np.flatnonzero(length > offset)
        at = np.minimum(start[longer] + offset, len(strings) - 1)
        found[longer] = _mixed(found[longer], strings[at], np.minimum(length[longer] - offset, WIDTH))
    return found


def _mixed(before: np.ndarray, strings: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Hashes (n,) gone on with, by the first bytes of each string, as many as its length says."""
    words = strings.view(np.uint64).reshape(-1, WIDTH // 8)
    words &= MASKS.take(length, axis=0)
    words ^= words >> np.uint64(32)  # else a word's last letters reach few bits of the product
    found = before * MIX + words @ FACTORS
    found ^= found >> np.uint64(29)
    return found * MIX
