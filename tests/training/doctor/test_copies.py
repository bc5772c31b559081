"""Copies across the splits and the domains are found, and counted by the pictures that they spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps

from training.doctor.folders import find_folders
from training.doctor.inspection import inspect
from training.doctor.report import Copies, Report

Scene = Callable[..., Image.Image]
Save = Callable[..., Path]


def report_of(root: Path) -> Report:
    return inspect(find_folders(root, None), 64).report


def kinds_of(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def test_an_exact_copy_across_the_split_is_a_leak(root: Path) -> None:
    shutil.copy(root / "trainA" / "3.png", root / "testA" / "copy.png")
    shutil.copy(root / "trainB" / "1.png", root / "trainB" / "copy.png")
    report = report_of(root)
    assert (report.exact.groups, report.exact.pictures, report.exact.across_splits) == (2, 4, 1)
    assert report.exact.listed[0].files == ("trainA/3.png", "testA/copy.png")
    assert (report.near.groups, report.exact.across_domains) == (0, 0)
    assert {"leak", "duplicates"} <= {*kinds_of(report)}


def test_a_leak_is_counted_by_the_test_pictures_that_flatter(root: Path, scene: Scene, save: Save) -> None:
    shutil.copy(root / "trainA" / "3.png", root / "testA" / "copy.png")
    shutil.copy(root / "trainA" / "3.png", root / "trainA" / "copy.png")
    for index in range(4):
        save(scene(5).resize((100 + 9 * index, 81)), f"testA/frame-{index}.png")
    save(scene(3).resize((144, 108)), "testA/altered.png")
    report = report_of(root)
    assert report.copies == Copies(in_train=1, altered_in_train=5, in_other_domain=0)
    (leak,) = (each for each in report.findings if each.kind == "leak")
    assert leak.message == "1 test picture can be found in train, and 5 more as altered copies"


def test_an_exact_copy_is_not_told_of_twice(root: Path, scene: Scene, save: Save) -> None:
    """Though the altered one beside it puts both into a near group."""
    shutil.copy(root / "trainA" / "3.png", root / "testA" / "copy.png")
    save(scene(3).resize((144, 108)), "trainA/altered.png")
    assert report_of(root).copies == Copies(in_train=1, altered_in_train=0, in_other_domain=0)


def test_pictures_in_both_domains_are_counted_and_not_their_groups(
    root: Path, scene: Scene, save: Save
) -> None:
    shutil.copy(root / "trainA" / "1.png", root / "trainB" / "copy.png")
    for index in range(3):
        save(scene(2).resize((100 + 9 * index, 81)), f"trainB/frame-{index}.png")
    report = report_of(root)
    assert report.copies == Copies(in_train=0, altered_in_train=0, in_other_domain=2 + 4)
    (finding,) = (each for each in report.findings if each.kind == "shared-pictures")
    assert "of 6 pictures there is a copy, or an altered one, in the other domain" in finding.message


def test_an_altered_copy_across_the_domains_is_near_with_the_exact_ones_beside_it(
    root: Path, scene: Scene, save: Save
) -> None:
    save(ImageOps.mirror(scene(2)).resize((144, 108)), "trainB/mirrored.jpg", quality=70)
    shutil.copy(root / "trainA" / "2.png", root / "trainA" / "copy.png")
    report = report_of(root)
    (group,) = report.near.listed
    assert group.files == ("trainA/2.png", "trainA/copy.png", "trainB/mirrored.jpg")
    assert group.across_domains
    assert not group.across_splits
    assert "shared-pictures" in kinds_of(report)


def test_a_domain_within_the_other_is_the_same_domain(root: Path) -> None:
    for file in (root / "trainB").iterdir():
        shutil.copy(file, root / "trainA" / f"b{file.name}")
    report = report_of(root)
    assert report.shared == 1
    assert "same-domain" in kinds_of(report)
    assert "shared-pictures" not in kinds_of(report)
