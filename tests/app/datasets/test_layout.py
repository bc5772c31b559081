"""What an archive's folders are taken for."""

from zipfile import ZipInfo

import pytest

from app.archives.entries import checked
from app.datasets.faults import BadDataset
from app.datasets.layout import Layout, lay_out
from app.datasets.schemas import DatasetParameters

PAIR = "b/1.png b/2.png a/1.png a/2.png"
ROOT = "trainA/1.png trainA/2.png trainB/1.png trainB/2.png"


def laid_out(names: str, **parameters: str) -> Layout:
    entries = checked([ZipInfo(name) for name in names.split()])
    return lay_out(entries, DatasetParameters.model_validate({"name": "some", **parameters}))


def paths(layout: Layout) -> str:
    return " ".join(str(picture.path) for picture in layout.pictures)


@pytest.mark.parametrize(
    ("names", "kind", "domains", "stored"),
    [
        (PAIR, "pair", ("a", "b"), PAIR),
        (f"a/ b/ {PAIR} read.me x/notes.txt .x/1.png", "pair", ("a", "b"), PAIR),
        ("w/ w/v/ w/v/b/1.png w/v/b/2.png w/v/a/1.png w/v/a/2.png", "pair", ("a", "b"), PAIR),
        ("1.png 2.png", "single", (), "1.png 2.png"),
        ("a/1.png", "single", (), "a/1.png"),
        ("w/a/1.png w/a/c/2.png", "single", (), "a/1.png a/c/2.png"),
        ("a/1.png a/b/2.png a/c/2.png", "single", (), "a/1.png a/b/2.png a/c/2.png"),
    ],
)
def test_the_number_of_folders_decides(names: str, kind: str, domains: tuple[str, ...], stored: str) -> None:
    layout = laid_out(names)
    assert (layout.kind, layout.domains, paths(layout)) == (kind, domains, stored)


def test_domains_order_folders_of_their_names_and_rename_others() -> None:
    ordered, renamed = laid_out(PAIR, domains="b,a"), laid_out(PAIR, domains="horse,zebra")
    assert (ordered.domains, paths(ordered)) == (("b", "a"), PAIR)
    assert renamed.domains == ("horse", "zebra")
    assert paths(renamed) == "zebra/1.png zebra/2.png horse/1.png horse/2.png"


def test_a_root_with_splits_keeps_its_folders() -> None:
    names = f"{ROOT} testA/1.png"
    layout = laid_out(names, domains="horse,zebra")
    assert (layout.kind, layout.domains, paths(layout)) == ("pair", ("horse", "zebra"), names)


@pytest.mark.parametrize(
    ("names", "parameters", "said"),
    [
        (ROOT, {}, "add domains"),
        (f"{ROOT} valA/1.png", {"domains": "horse,zebra"}, "'valA'"),
        ("trainA/1.png trainA/2.png", {"domains": "horse,zebra"}, "give trainA, trainB"),
        ("trainA/1.png trainA/2.png trainB/", {"domains": "horse,zebra"}, "'trainB' has 0 pictures; need 2"),
        ("a/1.png a/2.png b/", {}, "'b' has 0 pictures"),
        ("a/1.png a/2.png b/1.png", {}, "'b' has 1 pictures"),
        (f"{PAIR} c/1.png", {}, "more than two folders"),
        (f"{PAIR} 1.png", {}, "pictures beside its folders"),
        ("1.png 2.png", {"kind": "pair"}, "a pair is two folders"),
        ("a/1.png", {"domains": "horse,zebra"}, "a single"),
        (PAIR, {"domains": "a,a"}, "one name"),
        (PAIR.replace("a/", "A/"), {}, "cannot name the domains, whose names are of a-z"),
        ("a/1.zip __MACOSX/1.png a/.hidden/1.png", {}, "holds no pictures"),
    ],
)
def test_what_is_no_dataset_is_told_what_one_is(names: str, parameters: dict[str, str], said: str) -> None:
    with pytest.raises(BadDataset, match=said):
        laid_out(names, **parameters)


def test_kind_overrules_the_number_of_folders() -> None:
    for names in (PAIR, ROOT, f"{PAIR} c/1.png 1.png"):
        layout = laid_out(names, kind="single")
        assert (layout.kind, paths(layout)) == ("single", names)


def test_what_is_left_out_is_told_with_the_reason() -> None:
    layout = laid_out("a/1.png a/b/2.jpg a/notes.txt a/more.zip a/3.heic __MACOSX/a/._1.png .x.png")
    assert paths(layout) == "a/1.png a/b/2.jpg"
    assert [(row.file, row.reason) for row in layout.skipped.files] == [
        ("a/notes.txt", "no picture"),
        ("a/more.zip", "an archive in the archive"),
        ("a/3.heic", "a format that is not read: convert it to JPEG or PNG"),
        ("__MACOSX/a/._1.png", "of macOS"),
        (".x.png", "hidden"),
    ]
