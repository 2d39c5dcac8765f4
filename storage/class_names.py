"""Which words of a model become which of ours: the lines of the setting `[detection] classes`.

A line is `ours: theirs, theirs`. Rules, filters and colours know our eight words only; what no line names is not looked
for. Pure, any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from storage.records import RuleSpec

OUR_CLASSES = ("person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal")

DEFAULT_CLASSES = (
    "person: person",
    "bicycle: bicycle",
    "motorcycle: motorcycle",
    "car: car",
    "bus: bus",
    "truck: truck",
    "bag: backpack, handbag, suitcase",
    "animal: bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe",
)
"""For models with the classes of COCO."""

_MOST_THEIRS = 1000


def class_map(lines: Sequence[str]) -> dict[str, str]:
    """A model's word -> ours. Raises ValueError with the line that is wrong: no colon, not one of ours, nothing named,
    or a word that an earlier line has given away."""
    found: dict[str, str] = {}
    for line in lines:
        ours, colon, rest = line.partition(":")
        theirs = [word.strip() for word in rest.split(",")]
        if not colon or ours.strip() not in OUR_CLASSES or not all(theirs):
            raise ValueError(line)
        for word in theirs:
            if word in found or len(found) >= _MOST_THEIRS:
                raise ValueError(line)
            found[word] = ours.strip()
    if not found:
        raise ValueError("")
    return found


def is_class_map(lines: Sequence[str]) -> bool:
    """Whether these lines can be used."""
    try:
        class_map(lines)
    except ValueError:
        return False
    return True


def in_our_words(rules: Iterable[RuleSpec], words: Mapping[str, str]) -> tuple[RuleSpec, ...]:
    """Rules that name a class as models do (backpack) mean what it is called here (bag); `words` is a `class_map`."""
    return tuple(
        replace(rule, labels=tuple(dict.fromkeys(words.get(label, label) for label in rule.labels))) for rule in rules
    )
