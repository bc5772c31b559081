"""What one domain shows more of is found and shown, and two halves of one domain are alike."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from training.doctor import surroundings as module
from training.doctor.folders import PictureFolder, find_folders
from training.doctor.inspection import inspect
from training.doctor.measure import Measured, measure
from training.doctor.report import Surroundings
from training.doctor.sheet import SHOWN_OF_FOLDER, sheet
from training.doctor.surroundings import MIN_PICTURES, SAMPLE, surroundings
from translation.codec import decode

SKY = (90, 150, 230)
Domain = list[Measured]
Save = Callable[..., Path]


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Domain]:
    """Pictures of specks, some of them under a plain sky."""

    def domain(name: str, skies: int, of: int = MIN_PICTURES, seed: int = 0) -> Domain:
        root, random = tmp_path_factory.mktemp(name), np.random.default_rng(seed)
        for index in range(of):
            image = Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8))
            if index * skies // of != (index + 1) * skies // of:
                ImageDraw.Draw(image).rectangle((0, 0, 64, 31), fill=SKY)
            image.save(root / f"{index:03}.png")
        files = tuple(sorted(root.iterdir()))
        folder = PictureFolder(root, name, name, "train", files, ())
        return [found for file in files if isinstance(found := measure((folder, file)), Measured)]

    return domain


@pytest.fixture(scope="module")
def horses(domain: Callable[..., Domain]) -> Domain:
    return domain("horse", skies=60, seed=1)


@pytest.fixture(scope="module")
def zebras(domain: Callable[..., Domain]) -> Domain:
    return domain("zebra", skies=20, seed=2)


def compared(first: Domain, second: Domain) -> Surroundings:
    found = surroundings([first, second], lambda done, total: None, lambda: False)
    assert found is not None
    return found


def test_what_one_shows_more_of_comes_first_and_can_be_seen(horses: Domain, zebras: Domain) -> None:
    found = compared(horses, zebras)
    first = found.kinds[0]
    assert found.gap > 0.1
    assert first.more == "horse"
    assert first.shares[0] > 2 * first.shares[1]
    named = {picture.name: picture for picture in horses}
    for place in first.places:
        image = decode(named[place.file].file.read_bytes()).image
        left, upper, right, lower = place.pixels(image.size)
        middle = image.getpixel(((left + right) // 2, (upper + lower) // 2))
        assert middle == SKY


def test_it_is_the_same_either_way(horses: Domain, zebras: Domain) -> None:
    assert compared(zebras, horses).kinds[0].more == "horse"


def test_domains_alike_are_not_apart(horses: Domain, zebras: Domain, domain: Callable[..., Domain]) -> None:
    apart = compared(horses, zebras).gap
    assert abs(compared(horses, domain("others", skies=60, seed=3)).gap) < 0.2 * apart


def test_of_few_pictures_nothing_is_said_and_copies_do_not_count(horses: Domain, zebras: Domain) -> None:
    looked: list[int] = []
    for domains in ([horses], [horses, [*zebras[:-1], zebras[0]]]):
        assert surroundings(domains, lambda done, total: looked.append(done), lambda: False) is None
    assert not looked


def test_what_has_gone_since_is_left_out(
    zebras: Domain, domain: Callable[..., Domain], monkeypatch: pytest.MonkeyPatch
) -> None:
    going = domain("horse", skies=60, seed=1)
    going[7].file.unlink()
    assert surroundings([going, zebras], lambda done, total: None, lambda: False) is None
    monkeypatch.setattr(module, "MIN_PICTURES", MIN_PICTURES - 1)
    compared(going, zebras)


def test_a_stop_ends_it(horses: Domain, zebras: Domain) -> None:
    told: list[tuple[int, int]] = []
    stopped = surroundings([horses, zebras], lambda *so_far: told.append(so_far), lambda: len(told) > 3)
    assert stopped is None
    assert told == [(done, 2 * MIN_PICTURES) for done in range(1, 5)]


def test_of_many_some_are_looked_at(horses: Domain, zebras: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_PICTURES", 30)
    monkeypatch.setattr(module, "SAMPLE", 40)
    totals: set[int] = set()
    surroundings([horses, zebras], lambda done, total: totals.add(total), lambda: False)
    assert totals == {80}
    assert SAMPLE >= MIN_PICTURES


def test_the_sheet_shows_the_places_and_the_finding_says_what_to_do(
    zebras: Domain, domain: Callable[..., Domain]
) -> None:
    roots = [each[0].folder.root for each in (domain("horse", skies=60, seed=1), zebras)]
    told: list[tuple[int, int]] = []
    inspection = inspect(find_folders(roots[0], roots[1]), 64, lambda *so_far: told.append(so_far))
    assert [each.kind for each in inspection.report.findings] == [
        "few-pictures",
        "few-pictures",
        "surroundings",
    ]
    page, found = sheet(inspection), inspection.report.surroundings
    assert found is not None
    assert f"more {found.kinds[0].more}" in page
    assert "data.balance=true" in page
    assert page.count("<img") == 2 * SHOWN_OF_FOLDER + sum(len(kind.places) for kind in found.kinds)
    assert [done for done, _ in told] == list(range(1, 4 * MIN_PICTURES + 1))
    shutil.rmtree(roots[0])
    assert sheet(inspection).count("<img") < page.count("<img") - SHOWN_OF_FOLDER
