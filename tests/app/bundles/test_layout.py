from zipfile import ZipInfo

import pytest

from app.archives.entries import checked
from app.bundles.layout import members_of
from translation.card import InvalidBundle, MissingBundle, UnsafeWeights


def chosen(names: str) -> str:
    members = members_of(checked([ZipInfo(name) for name in names.split()]))
    return " ".join(str(member.path) for member in members)


@pytest.mark.parametrize("folder", ["", "a/", "run/bundle/"])
def test_a_bundle_is_its_card_and_the_safetensors_beside_it(folder: str) -> None:
    names = (
        f"{folder}card.json {folder}x.1.safetensors {folder}README.md other/y.safetensors __MACOSX/card.json"
    )
    assert chosen(names) == "card.json x.1.safetensors"


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ("a/x.safetensors", MissingBundle),
        ("archive/data.pkl archive/data/0", UnsafeWeights),
        ("card.json x.PTH", UnsafeWeights),
        ("bundle/card.json last/card.json", InvalidBundle),
    ],
)
def test_what_is_none_is_refused(names: str, error: type[InvalidBundle]) -> None:
    with pytest.raises(error) as raised:
        chosen(names)
    assert raised.type is error
