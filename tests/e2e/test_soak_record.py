"""kill -9 during recording: five quick rounds of `./run soak record`."""

from __future__ import annotations

from benchmarks import soak_record
from tests.e2e.conftest import Program


def test_after_every_kill_everything_plays_and_at_most_one_gop_is_missing() -> None:
    result = soak_record.run(5, shortest_s=1.0, longest_s=2.8, clip_s=6.0, seed=3, slack_s=5.0)  # of a busy machine
    assert result["ok"], soak_record.table(result)
    rounds = result["rounds"]
    assert isinstance(rounds, list)
    assert len(rounds) == 5
    assert sum(one["frames"] for one in rounds) > 0


def test_a_soak_that_is_not_known_is_refused_in_a_sentence(program: Program) -> None:
    done = program("soak", "everything")
    assert done.code == 2
    assert "everything" in done.err
    assert "Traceback" not in done.err
