from __future__ import annotations

from pathlib import Path

import pytest

from storage.class_names import DEFAULT_CLASSES, OUR_CLASSES, class_map, in_our_words, is_class_map
from storage.errors import StorageCode, StorageError
from storage.records import RuleSpec
from storage.settings import load


def test_the_default_knows_all_of_ours_and_bags_and_animals_by_theirs() -> None:
    found = class_map(DEFAULT_CLASSES)
    assert set(found.values()) == set(OUR_CLASSES)
    assert (found["suitcase"], found["dog"], found["person"]) == ("bag", "animal", "person")
    assert "airplane" not in found


@pytest.mark.parametrize(
    "lines",
    [(), ("person",), ("ghost: person",), ("person:",), ("person: a,,b",), ("person: a", "car: a"), ("person: a, a",)],
)
def test_lines_that_cannot_be_meant_are_refused(lines: tuple[str, ...]) -> None:
    assert not is_class_map(lines)


def test_the_settings_file_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[detection]\nclasses = ["person: pedestrian, people"]\n')
    assert class_map(load(path).detection.classes) == {"pedestrian": "person", "people": "person"}
    path.write_text('[detection]\ndevice = "CPU"\nclasses = ["person: x", "car: x"]\n')
    with pytest.raises(StorageError) as caught:
        load(path)
    assert caught.value.code is StorageCode.BAD_SETTINGS
    assert (caught.value.details["line"], caught.value.details["field"]) == (3, "detection.classes")


def test_rules_in_a_model_s_words_mean_ours_once_each() -> None:
    rule = RuleSpec("r", "c", "z", "Left luggage", labels=("suitcase", "car", "backpack", "bag", "ghost"))
    (told,) = in_our_words((rule,), class_map(DEFAULT_CLASSES))
    assert told.labels == ("bag", "car", "ghost")
    assert in_our_words((rule,), {}) == (rule,)
