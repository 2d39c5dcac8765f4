"""Privacy masks on what leaves the house to be looked at: stills, reports, view copies; masters stay as they are."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pypdf import PdfReader

from app.mask_lifts import LIFT_S, MaskLifts
from app.masked_still import masked_still
from app.masks import MASK_COLOUR, Polygon, masks_of
from app.package_content import CameraScope, incident_content, with_masks
from app.packages import Packages
from app.report_pdf import incident_pdf
from storage.footage_files import hash_file
from storage.keys import SigningKey
from storage.registry_records import PrivacyMask
from storage.segments import SegmentIndex
from tests.app import case_file
from tests.app.test_packages import put_segments

BEGIN = case_file.FIRST_0330
MASK: Polygon = ((0.2, 0.2), (0.7, 0.2), (0.7, 0.8), (0.2, 0.8))
REGISTRY = replace(
    case_file.registry(),
    privacy_masks=(PrivacyMask("m1", "cam-12", "Window", MASK), PrivacyMask("m2", "cam-13", "Door", MASK[:3])),
)


def pixels(jpeg: bytes) -> npt.NDArray[np.int16]:
    with Image.open(io.BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("RGB"), np.int16)


def flat(jpeg: bytes, x1: float = 0.22, y1: float = 0.24, x2: float = 0.68, y2: float = 0.76) -> bool:
    """Whether a part of the picture is the mask's colour, but for what JPEG does at its edges."""
    image = pixels(jpeg)
    height, width = image.shape[:2]
    part = image[int(y1 * height) : int(y2 * height), int(x1 * width) : int(x2 * width)]
    return int(np.abs(part - np.array(MASK_COLOUR, np.int16)).max()) <= 6


def test_a_camera_has_its_own_masks() -> None:
    assert masks_of(REGISTRY, "cam-12") == (MASK,)
    assert masks_of(REGISTRY, "c9") == masks_of(REGISTRY, None) == ()


def test_a_still_is_covered_and_nothing_else_of_it() -> None:
    still = case_file.jpeg(640, 360)
    made = masked_still(still, (MASK,))
    assert flat(made)
    assert not flat(still)
    beside = np.s_[:, : int(640 * 0.15)]
    assert np.abs(pixels(made)[beside] - pixels(still)[beside]).max() <= 12
    assert masked_still(still, ()) == still


@pytest.mark.parametrize(
    ("quarters", "mirrored", "corner"),
    [(1, False, (1, 0)), (2, False, (1, 1)), (3, False, (0, 1)), (0, True, (1, 0)), (1, True, (1, 1))],
)
def test_a_still_is_turned_as_the_tile_is(quarters: int, mirrored: bool, corner: tuple[int, int]) -> None:
    """The mask of the upper left corner comes where `TileView` puts it: mirrored first, then clockwise."""
    made = masked_still(case_file.jpeg(640, 360), (((0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5)),), quarters=quarters,
                        mirrored=mirrored)  # fmt: skip
    assert pixels(made).shape[:2] == ((640, 360) if quarters % 2 else (360, 640))
    places = {(x, y): flat(made, x / 2 + 0.1, y / 2 + 0.1, x / 2 + 0.4, y / 2 + 0.4) for x in (0, 1) for y in (0, 1)}
    assert [place for place, covered in places.items() if covered] == [corner]


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        masked_still(b"no picture", (MASK,))


def test_a_report_shows_no_masked_area_and_says_so() -> None:
    still = case_file.jpeg(640, 360)
    reader = PdfReader(io.BytesIO(incident_pdf(case_file.case(still), REGISTRY, {"still": still}, case_file.context())))
    streams = [
        bytes(image.get_object()._data)
        for page in reader.pages
        for image in page["/Resources"].get("/XObject", {}).values()  # type: ignore[attr-defined]
    ]
    shown = [stream for stream in streams if stream.startswith(b"\xff\xd8")]
    assert len(shown) == 2
    assert still not in shown
    assert all(flat(stream, 0.22, 0.24, 0.4, 0.3) for stream in shown)
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert "A privacy mask covers a part" in text
    assert "ALTERED" not in text


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "index.db")
    yield opened
    opened.close()


def test_a_package_covers_view_copies_and_stills_and_no_master(tmp_path: Path, index: SegmentIndex) -> None:
    segments = put_segments(index, tmp_path / "rec", "cam-12", BEGIN)
    still = case_file.jpeg(320, 180)
    content = incident_content(
        case_file.case(still),
        REGISTRY,
        {"still": still},
        case_file.context(),
        operator="Anna",
        scopes=[CameraScope("cam-12", BEGIN + 1, BEGIN + 5)],
        master=True,
    )
    before = [hash_file(Path(segment.path)) for segment in segments]
    result = Packages(index, SigningKey.generate(), tmp_path / "work").build(content, tmp_path / "p.zip")
    with zipfile.ZipFile(result.path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    (view,) = (data for name, data in files.items() if name.startswith("view/"))
    (master,) = (data for name, data in files.items() if name.startswith("master/") and name.endswith(".mp4"))
    (original,) = (data for name, data in files.items() if name.startswith("master/") and name.endswith(".jpg"))
    (picture,) = (data for name, data in files.items() if name.startswith("stills/"))
    recordings = json.loads(files["manifest.json"])["recordings"]
    assert [recording["masks"] for recording in recordings if recording["kind"] == "view"] == [1]
    assert spread(view, band_px=22) <= 3
    assert spread(master) > 30
    assert flat(picture)
    assert original == still
    assert "privacy masks" in files["README.txt"].decode()
    assert [hash_file(Path(segment.path)) for segment in segments] == before


def spread(film: bytes, band_px: int = 0) -> int:
    """Greatest difference of brightness inside the mask, over all frames."""
    found = 0
    with av.open(io.BytesIO(film), "r") as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray").astype(np.int16)[band_px:]
            height, width = luma.shape
            part = luma[int(0.25 * height) : int(0.75 * height), int(0.25 * width) : int(0.65 * width)]
            found = max(found, int(part.max() - part.min()))
    return found


def test_masks_that_somebody_chose_stay_and_none_comes_twice() -> None:
    own: Polygon = ((0, 0), (0.1, 0), (0.1, 0.1))
    (scope,) = with_masks([CameraScope("cam-12", 1.0, 2.0, masks=(own, MASK))], REGISTRY)
    assert scope.masks == (own, MASK)


def test_a_lift_runs_out_and_can_be_given_back() -> None:
    now = [100.0]
    lifts = MaskLifts(lambda: now[0])
    assert lifts.left_s("c1") == 0
    lifts.lift("c1")
    lifts.lift("c2")
    now[0] += LIFT_S - 1
    assert lifts.left_s("c1") == pytest.approx(1.0)
    assert lifts.give_back("c1")
    assert not lifts.give_back("c1")
    assert lifts.left_s("c2") == pytest.approx(1.0)
    now[0] += 1
    assert lifts.left_s("c2") == 0
    assert not lifts.give_all_back()
    lifts.lift("c3")
    assert lifts.give_all_back()
    assert lifts.left_s("c3") == 0
