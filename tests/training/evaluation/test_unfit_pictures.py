"""Pictures that are damaged, too long for a model at its size, or of a file that the system cannot read."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_architecture import TINY_ARCHITECTURE

from training.dataset import BadDataset, find_domains
from training.evaluation.bundle import Subject, evaluate_bundle
from training.evaluation.evaluate import evaluate
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.folders import EvaluationFolders, find_test_folders
from training.evaluation.pictures import Pictures, read_pictures, usable
from training.evaluation.validation import Validator
from translation.card import Card
from translation.sampler import Sampler
from translation.weights import load_bundle, save_bundle, save_process_size

Pair = tuple[Pictures, Pictures]
Fill = Callable[..., Path]
CPU = torch.device("cpu")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def make_long(file: Path) -> None:
    """At a short side of 512 it has more pixels than a model is given."""
    Image.effect_noise((400, 20), 50).convert("RGB").save(file)


def make_unreadable(file: Path) -> None:
    """To whoever reads it from its start: an I/O error."""
    file.unlink()
    file.symlink_to("/proc/self/mem")


UNFIT = {"damaged": cut_short, "long": make_long}


@pytest.mark.parametrize("spoil", UNFIT.values(), ids=UNFIT)
def test_a_training_does_not_validate_on_it(
    spoil: Callable[[Path], None], fill: Fill, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = fill("plain", 12), fill("striped", 12, seed=1)
    whole = find_domains(first, second, None, 0.5)
    spoiled = whole.validation[0][1]
    spoil(spoiled)
    kept = Validator(whole, None, 512, CPU).pictures[0]
    assert kept.sources == (whole.validation[0][0], *whole.validation[0][2:])
    assert f"not evaluated on {spoiled}" in caplog.text


def test_a_long_picture_is_short_enough_at_a_smaller_size(fill: Fill) -> None:
    folder = fill("plain", 3)
    make_long(folder / "001.png")
    pictures = read_pictures(folder)
    assert [len(usable(pictures, size)) for size in (256, 512)] == [3, 2]


def test_what_would_be_compared_to_a_damaged_training_picture_is_compared_to_another(
    fill: Fill, sampler: Sampler, test_pictures: Pair, network: FeatureNetwork
) -> None:
    first, second = fill("horses", 12), fill("zebras", 12, seed=1)
    for damaged in ("003.png", "007.png"):  # of the 7 of 12 that are drawn, at least one
        cut_short(second / damaged)
    protocol = EvaluationProtocol(seeds=(0, 1, 2), measures=("real",))
    train = (read_pictures(first), read_pictures(second))
    there, back = evaluate(sampler, test_pictures, network, protocol, train).directions
    assert there.lines["real"].keys() == back.lines["real"].keys()


def test_a_draw_is_of_the_seed_alone_where_all_can_be_read_and_passes_over_what_cannot(fill: Fill) -> None:
    folder = fill("plain", 12)
    before = read_pictures(folder).drawn(5, seed=3)
    assert before.names == read_pictures(folder).drawn(5, seed=3).names
    cut_short(folder / before.names[0])
    after = read_pictures(folder).drawn(5, seed=3)
    assert len(after) == 5
    assert {*before.names} - {*after.names} == {before.names[0]}
    assert len(read_pictures(folder).drawn(12, seed=3)) == 11


class TestAnEvaluation:
    def test_names_the_pictures_that_are_too_long_before_it_looks_at_any(
        self, fill: Fill, network: FeatureNetwork, tmp_path: Path
    ) -> None:
        folders = (fill("horses", 3), fill("zebras", 3, seed=1))
        make_long(folders[1] / "002.png")
        architecture = TINY_ARCHITECTURE
        card = Card(domains=("horse", "zebra"), architecture=architecture, training_size=512)
        model, ratios = architecture.build_model(card.domains), architecture.build_ratios()
        save_bundle(tmp_path / "bundle", model, ratios, card)
        read = EvaluationFolders((read_pictures(folders[0]), read_pictures(folders[1])), None, (0, 0))
        subject, looked = Subject(load_bundle(tmp_path / "bundle"), "mine"), list[int]()
        with pytest.raises(BadDataset, match=r"002\.png \(10240x512 .*: crop them, or leave them out"):
            evaluate_bundle(
                subject,
                read,
                network,
                EvaluationProtocol(),
                tmp_path / "out",
                CPU,
                lambda done, _: looked.append(done),
            )
        assert not looked

    def test_works_on_what_is_too_long_for_the_process_size_alone_at_a_smaller_one(
        self, fill: Fill, network: FeatureNetwork, tiny_bundle: Path, tmp_path: Path
    ) -> None:
        folders = (fill("horses", 3), fill("zebras", 3, seed=1))
        make_long(folders[1] / "002.png")
        bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
        save_process_size(bundle, load_bundle(bundle).digest, 512, {})
        read = EvaluationFolders((read_pictures(folders[0]), read_pictures(folders[1])), None, (0, 0))
        protocol, subject = EvaluationProtocol(measures=("sample",)), Subject(load_bundle(bundle), "mine")
        evaluate_bundle(subject, read, network, protocol, tmp_path / "out", CPU, lambda done, total: None)
        assert (tmp_path / "out" / "evaluation.json").exists()

    def test_needs_every_test_picture_and_as_many_training_pictures_as_can_be_read(
        self, fill: Fill, tiny_bundle: Path
    ) -> None:
        test = (fill("root/testA", 4), fill("root/testB", 4, seed=1))
        train = (fill("root/trainA", 4, seed=2), fill("root/trainB", 4, seed=3))
        card = load_bundle(tiny_bundle).card
        make_unreadable(train[0] / "001.png")
        found = find_test_folders(test[0].parent, None, None, card, None)
        assert found.train is not None
        assert list(map(len, found.train)) == [3, 4]
        make_unreadable(test[1] / "002.png")
        with pytest.raises(BadDataset, match=r"002\.png cannot be read .*: remove or replace it"):
            find_test_folders(test[0].parent, None, None, card, None)


def test_a_training_passes_over_a_file_that_cannot_be_read(
    fill: Fill, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = fill("plain", 6), fill("striped", 6, seed=1)
    make_unreadable(first / "004.png")
    folders = find_domains(first, second, None, 0.2)
    assert len(folders.digests) == 11
    assert first / "004.png" not in {*folders.train[0], *folders.validation[0]}
    assert f"{first / '004.png'} cannot be read" in caplog.text
