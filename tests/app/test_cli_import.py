"""`sjmvi weights import`, from the checkpoint to the translation."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from app.cli import execute
from translation.card import read_card
from translation.published import bundle, unpickle
from translation.published.checkpoint import read_checkpoint
from translation.registry import Registry
from translation.weights import load_bundle

Family = Callable[..., nn.Module]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path / "data"))
    # what the process reads is tried where it belongs, and it takes seconds to start
    monkeypatch.setattr(bundle, "read_checkpoint", lambda path: unpickle.read(str(path)))


@pytest.fixture
def checkpoints(published: Family) -> None:
    """G_A.pth and G_B.pth of nine blocks, six.pth of six."""
    for name, blocks in (("G_A", 9), ("G_B", 9), ("six", 6)):
        torch.save(published(blocks, seed=len(name) + ord(name[-1])).state_dict(), f"{name}.pth")


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert execute(["weights", *arguments, "--json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.usefixtures("checkpoints")
def test_one_generator_becomes_a_bundle_that_translates_one_way(
    photograph: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "import G_A.pth --domains horse,zebra --arch resnet_9blocks --out new --training-size 32"
    row = answered(capsys, *command.split())
    assert row == {
        "name": None,
        "folder": "new",
        "directions": [["horse", "zebra"]],
        "arch": "resnet_9blocks",
    }
    assert answered(capsys, "verify", "new")["domains"] == ["horse", "zebra"]
    Path("in.jpg").write_bytes(photograph)
    assert execute(["translate", "new", "in.jpg", "out.png", "--to", "zebra"]) == 0
    with Image.open("out.png") as translated:
        assert translated.size == (61, 43)
    for out in ("out2.png", "folder"):
        assert execute(["translate", "new", "in.jpg", out, "--to", "horse"]) == 2
        assert "translates horse to zebra, not the other way" in capsys.readouterr().err
    assert not Path("folder").exists()


@pytest.mark.usefixtures("checkpoints")
def test_two_generators_are_published_under_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    command = "import G_A.pth G_B.pth --domains horse,zebra --name published --licence BSD-2-Clause"
    assert len(answered(capsys, *command.split())["directions"]) == 2  # type: ignore[arg-type]
    loaded = load_bundle(Registry(Path("weights"), Path("data/models")).folder("published"))
    assert loaded.card.licence == "BSD-2-Clause"
    for name, to in (("G_A", "zebra"), ("G_B", "horse")):
        theirs = torch.load(f"{name}.pth", weights_only=True)["model.1.weight"]
        assert torch.equal(loaded.model.conditional(to).generator.stem.weight, theirs)  # type: ignore[union-attr]


@pytest.mark.usefixtures("checkpoints")
def test_the_card_says_where_it_is_from_and_what_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["weights", "import", "six.pth", "--domains", "horse,zebra", "--out", "new"]) == 0
    assert "new is horse → zebra, resnet_6blocks" in capsys.readouterr().out
    card, _ = read_card(Path("new"))
    (imported,) = card.imported
    assert imported.sha256 == hashlib.sha256(Path("six.pth").read_bytes()).hexdigest()
    assert (imported.to, imported.file, imported.arch) == ("zebra", "six.pth", "resnet_6blocks")
    assert imported.output == "tanh, in [-1, 1]"
    assert (card.training_size, card.licence, card.preprocessing_digest) == (256, "not stated", "")
    assert (card.architecture.generator.code_size, card.architecture.discriminator) == (0, None)
    assert load_bundle(Path("new")).ratios is None
    shown = answered(capsys, "show", "new")
    assert shown["one_way"] is True
    assert shown["imported"][0]["without"] == [  # type: ignore[index]
        "noise codes: every sample is the same picture",
        "density ratios",
    ]


REFUSALS = {
    "neither-place": ("G_A.pth", 2, "give --out DIR"),
    "both-places": ("G_A.pth --out new --name new", 2, "give --out DIR"),
    "absent": ("absent.pth --out new", 2, "absent.pth"),
    "a-full-folder": ("G_A.pth --out .", 3, "not empty"),
    "another-arch": (
        "G_A.pth --arch resnet_6blocks --out new",
        4,
        "is a resnet_9blocks, not a resnet_6blocks",
    ),
    "two-archs": ("G_A.pth six.pth --out new", 4, "six.pth is another network than G_A.pth: blocks 6, not 9"),
    "a-name": ("G_A.pth --name ../new", 4, "no model can be named"),
}


@pytest.mark.usefixtures("checkpoints")
@pytest.mark.parametrize(("arguments", "code", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_line_and_leaves_nothing(
    arguments: str, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["weights", "import", *arguments.split(), "--domains", "horse,zebra"]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not Path("new").exists()
    assert not Path("data").exists()


def test_a_file_that_would_run_code_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, ("trace",)

    monkeypatch.setattr(bundle, "read_checkpoint", read_checkpoint)
    Path("evil.pth").write_bytes(pickle.dumps(Evil(), 2))
    assert execute(["weights", "import", "evil.pth", "--domains", "horse,zebra", "--out", "new"]) == 4
    assert capsys.readouterr().err.startswith("error: unsafe-weights: evil.pth wants posix.mkdir called ")
    assert not Path("trace").exists()


@pytest.mark.parametrize("domains", ["horse", "horse,horse", "horse,../zebra"])
@pytest.mark.usefixtures("checkpoints")
def test_domains_are_two_names(domains: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["weights", "import", "six.pth", "--domains", domains, "--out", "new"]) == 2
    assert "domains" in capsys.readouterr().err
