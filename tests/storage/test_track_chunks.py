"""A minute of tracks comes back as it was, within the quantisation, is small, and what is broken is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.records import Box
from storage.track_chunks import MOST_LOOKS, STEPS, SeenLook, SeenTrack, is_sound, pack, unpack

START = 1_800_000_000.0
BOX_STEP, SCORE_STEP, TIME_STEP_S = 0.5 / STEPS + 1e-9, 0.5 / 255 + 1e-9, 0.0005 + 1e-6

shares = st.floats(0.0, 1.0)


@st.composite
def scenes(draw: st.DrawFn) -> list[SeenLook]:
    """Looks in order, tracks that come, are lost for a moment and go."""
    at_s, looks = START, []
    paths: dict[int, tuple[tuple[float, float], ...]] = {}
    firsts: dict[int, float] = {}
    lasts: dict[int, float] = {}
    boxes: dict[int, Box] = {}
    for _ in range(draw(st.integers(0, 12))):
        at_s = round(at_s + draw(st.floats(0.001, 4.0)), 4)
        tracks = []
        for track_id in sorted(draw(st.sets(st.integers(1, 6), max_size=5))):
            if track_id not in boxes or draw(st.booleans()):
                x, y, w, h = (draw(shares) for _ in range(4))
                boxes[track_id] = Box(x, y, min(x + w, 1.0), min(y + h, 1.0))
                lasts[track_id] = at_s
                paths[track_id] = (*paths.get(track_id, ()), boxes[track_id].foot)[-32:]
            elif at_s - lasts[track_id] > 1.5:
                continue
            first = firsts.setdefault(track_id, at_s)
            label = draw(st.sampled_from(("person", "car", "людина")))
            seen = lasts[track_id]
            tracks.append(
                SeenTrack(track_id + 2**33, boxes[track_id], label, draw(shares), first, seen, paths[track_id])
            )
        looks.append(SeenLook(at_s, tuple(tracks)))
    return looks


@given(scenes())
def test_what_is_packed_comes_back(looks: list[SeenLook]) -> None:
    back = unpack(pack(looks))
    assert len(back) == len(looks)
    for old, new in zip(looks, back, strict=True):
        assert abs(old.utc_s - new.utc_s) <= TIME_STEP_S
        assert [t.id for t in new.tracks] == [t.id for t in old.tracks]
        for was, found in zip(old.tracks, new.tracks, strict=True):
            assert found.label == was.label
            assert abs(found.score - was.score) <= SCORE_STEP
            assert all(abs(a - b) <= BOX_STEP for a, b in zip(found.box, was.box, strict=True))
            assert abs(found.first_utc_s - was.first_utc_s) <= 2 * TIME_STEP_S
            assert abs(found.last_utc_s - was.last_utc_s) <= 2 * TIME_STEP_S
            assert (found.last_utc_s == new.utc_s) is (was.last_utc_s == old.utc_s)


def test_the_path_goes_on_from_what_the_chunk_began_with() -> None:
    def seen(n: int, path: tuple[tuple[float, float], ...]) -> SeenLook:
        box = Box(0.1 + n / 10, 0.2, 0.2 + n / 10, 0.5)
        return SeenLook(START + n, (SeenTrack(1, box, "person", 0.5, START, START + n, path),))

    feet = [(0.15 + n / 10, 0.5) for n in range(4)]
    looks = [seen(n, tuple(feet[: n + 1])) for n in range(1, 4)]
    for old, new in zip(looks, unpack(pack(looks)), strict=True):
        assert len(new.tracks[0].path) == len(old.tracks[0].path)
        for was, found in zip(old.tracks[0].path, new.tracks[0].path, strict=True):
            assert found == pytest.approx(was, abs=2 * BOX_STEP)


def test_what_a_score_is_short_of_is_kept_beside_it() -> None:
    box = Box(0.1, 0.1, 0.2, 0.2)
    tracks = tuple(SeenTrack(n, box, "person", 0.5, START, START, (), n / 4) for n in range(5))
    (look,) = unpack(pack([SeenLook(START, tracks)]))
    assert [t.doubt for t in look.tracks] == pytest.approx([n / 4 for n in range(5)], abs=SCORE_STEP)
    assert all(abs(t.score - 0.5) <= SCORE_STEP for t in look.tracks)


def test_classes_that_nobody_wants_are_left_out() -> None:
    box = Box(0.1, 0.1, 0.2, 0.2)
    tracks = tuple(SeenTrack(n, box, label, 0.5, START, START) for n, label in enumerate(("person", "car"), 1))
    found = unpack(pack([SeenLook(START, tracks)]), ["car"])
    assert [[t.id for t in look.tracks] for look in found] == [[2]]


def test_no_numbers_are_left_out_and_times_must_go_on() -> None:
    nan = SeenTrack(1, Box(0.1, float("nan"), 0.2, 0.2), "person", 0.5, START, START)
    assert unpack(pack([SeenLook(START, (nan,))])) == [SeenLook(START)]
    assert not is_sound(SeenLook(float("nan")))
    with pytest.raises(ValueError, match="minute"):
        pack([SeenLook(START + 1), SeenLook(START)])
    with pytest.raises(ValueError, match="minute"):
        pack([SeenLook(START)] * (MOST_LOOKS + 1))


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_what_is_broken_is_refused_or_read(junk: bytes, place: int, value: int) -> None:
    """Whatever stands there: no other error than ValueError."""
    good = bytearray(pack(crowd(2, 2)))
    good[place % len(good)] = value
    for what in (junk, bytes(good), bytes(good[: place % len(good)])):
        try:
            unpack(what)
        except ValueError:
            continue


def crowd(tracks: int, seconds: float, looks_per_s: float = 5.0) -> list[SeenLook]:
    """Walking people with boxes that jitter by 0.2 % of the picture."""
    rng = random.Random(7)
    places = [(rng.random() * 0.8, rng.random() * 0.5, rng.gauss(0, 0.02)) for _ in range(tracks)]
    looks = []
    for n in range(int(seconds * looks_per_s)):
        at_s = START + n / looks_per_s + rng.uniform(-0.02, 0.02)
        seen = []
        for track_id, (x, y, speed) in enumerate(places, 1):
            left = (x + speed * n / looks_per_s) % 0.9
            box = Box(*(v + rng.gauss(0, 0.002) for v in (left, y, left + 0.06, y + 0.2)))
            seen.append(SeenTrack(track_id, box, "person", min(max(rng.gauss(0.7, 0.05), 0), 1), START, at_s))
        looks.append(SeenLook(at_s, tuple(seen)))
    return looks


def test_a_camera_hour_of_five_people_is_less_than_half_a_megabyte() -> None:
    bytes_per_hour = len(pack(crowd(5, 60))) * 60
    print(f"5 looks/s, 5 tracks: {bytes_per_hour / 1000:.0f} kB a camera-hour")
    assert bytes_per_hour < 500_000
