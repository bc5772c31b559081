import pickle
import shutil
from dataclasses import replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from translation.codec import (
    FORMATS,
    AnimatedImage,
    CorruptImage,
    Limits,
    UnsupportedOutputFormat,
    decode,
    encode,
    on_white,
)
from translation.codec import ImageTooLarge as TooLarge
from translation.model import UnknownDomain
from translation.sampler import ProcessSize
from translation.translator import Samples, TranslationRequest, Translator
from translation.weights import load_bundle, load_outline, save_process_size

SIZE = (61, 43)


@pytest.fixture(scope="module")
def translator(tiny_bundle: Path) -> Translator:
    return Translator(load_bundle(tiny_bundle), name="tiny")


def translated(translator: Translator, data: bytes, **options: object) -> list[Image.Image]:
    request = TranslationRequest("zebra", **{"seed": 7, "format": "PNG", **options})
    return [decode(picture).image for picture in translator(data, request).pictures]


@pytest.mark.parametrize("format", FORMATS)
def test_the_inputs_format_and_size_come_back(translator: Translator, photograph: bytes, format: str) -> None:
    data = encode(decode(photograph).image, format)
    translation = translator(data, TranslationRequest("zebra", samples=2))
    assert translation.format == format
    pictures = [decode(picture) for picture in translation.pictures]
    assert [(picture.format, picture.image.size) for picture in pictures] == [(format, SIZE)] * 2


def test_another_format_comes_where_it_is_asked_for(translator: Translator, photograph: bytes) -> None:
    translation = translator(photograph, TranslationRequest("zebra", format="WEBP"))
    assert decode(translation.pictures[0]).format == translation.format == "WEBP"


def test_the_same_seed_gives_the_same_bytes(translator: Translator, photograph: bytes) -> None:
    request = TranslationRequest("zebra", samples=3, seed=7)
    first, again = (translator(photograph, request).pictures for _ in range(2))
    assert first == again
    assert (
        len({*first, *translator(photograph, TranslationRequest("zebra", samples=3, seed=8)).pictures}) == 6
    )


def test_a_seed_that_was_drawn_is_in_the_receipt_and_repeats_the_picture(
    translator: Translator, photograph: bytes
) -> None:
    first, other = (translator(photograph, TranslationRequest("zebra")) for _ in range(2))
    assert first.receipt.seed != other.receipt.seed
    assert 0 <= first.receipt.seed < 2**63
    again = translator(photograph, TranslationRequest("zebra", seed=first.receipt.seed))
    assert again.pictures == first.pictures


def test_temperature_zero_is_the_mean_image_for_every_seed(translator: Translator, photograph: bytes) -> None:
    means = [
        translator(
            photograph, TranslationRequest("zebra", seed=seed, temperature=0, embed_metadata=False)
        ).pictures
        for seed in (1, 2)
    ]
    assert means[0] == means[1]


def test_the_receipt_says_all_that_is_needed_to_repeat_it(translator: Translator, photograph: bytes) -> None:
    receipt = translator(photograph, TranslationRequest("horse", samples=3, seed=5, temperature=0.5)).receipt
    assert (receipt.model, receipt.digest) == ("tiny", translator.digest)
    assert (receipt.to, receipt.seed, receipt.samples, receipt.temperature) == ("horse", 5, 3, 0.5)
    assert (receipt.size, receipt.working_size, receipt.padded_batch) == (SIZE, (45, 32), 4)
    timings = receipt.timings
    assert min(timings.decode_s, timings.sample_s, timings.encode_s) > 0


def test_a_png_carries_its_receipt(translator: Translator, photograph: bytes) -> None:
    request = TranslationRequest("zebra", samples=2, seed=7, format="PNG")
    text = Image.open(BytesIO(translator(photograph, request).pictures[1])).text
    assert text == {
        "Software": f"SJMVI {version('sjmvi')}",
        "SJMVI-Model": "tiny",
        "SJMVI-Model-Digest": translator.digest,
        "SJMVI-Direction": "horse -> zebra",
        "SJMVI-Seed": "7",
        "SJMVI-Sample": "1",
        "SJMVI-Temperature": "1.0",
        "SJMVI-Working-Size": "45x32",
        "SJMVI-Padded-Batch": "2",
    }


@pytest.mark.parametrize("format", FORMATS)
def test_a_bundle_whose_name_is_no_text_translates(tiny_bundle: Path, photograph: bytes, format: str) -> None:
    translator = Translator(load_bundle(tiny_bundle), name="caf\udce9")
    translation = translator(photograph, TranslationRequest("zebra", seed=7, format=format))
    assert translation.receipt.model == "caf\udce9"
    text = getattr(Image.open(BytesIO(translation.pictures[0])), "text", {"SJMVI-Model": "caf?"})
    assert text["SJMVI-Model"] == "caf?"


@pytest.mark.parametrize("size", [None, 16, "native"])
def test_what_a_png_carries_makes_it_again(
    translator: Translator, photograph: bytes, size: ProcessSize
) -> None:
    image = decode(photograph).image
    buffer = BytesIO()
    image.rotate(180).save(buffer, "PNG", save_all=True, append_images=[image])
    request = TranslationRequest("zebra", seed=7, temperature=1.23456789, process_size=size, frame=1)
    (first,) = translator(buffer.getvalue(), request).pictures
    text = Image.open(BytesIO(first)).text
    again = TranslationRequest(
        text["SJMVI-Direction"].split(" -> ")[1],
        seed=int(text["SJMVI-Seed"]),
        temperature=float(text["SJMVI-Temperature"]),
        process_size=min(map(int, text["SJMVI-Working-Size"].split("x"))),
        frame=int(text["SJMVI-Frame"]),
    )
    assert translator(buffer.getvalue(), again).pictures == (first,)


def test_alpha_goes_around_the_network(translator: Translator, photograph: bytes) -> None:
    image = decode(photograph).image
    alpha = Image.linear_gradient("L").resize(SIZE)
    picture = decode(translator(encode(image, "PNG", alpha), TranslationRequest("zebra")).pictures[0])
    assert picture.alpha is not None
    assert picture.alpha.tobytes() == alpha.tobytes()


def test_what_is_transparent_does_not_reach_the_network(translator: Translator) -> None:
    """Two pictures that differ only where nobody sees it translate alike, where it is seen."""
    alpha = Image.new("L", SIZE, 0)
    alpha.paste(255, (10, 10, 40, 30))
    brown = Image.new("RGB", SIZE, "brown")
    pictures = [
        encode(Image.composite(brown, Image.new("RGB", SIZE, colour), alpha), "PNG", alpha)
        for colour in ("red", "blue")
    ]
    request = TranslationRequest("zebra", seed=7)
    first, second = (on_white(decode(translator(picture, request).pictures[0])) for picture in pictures)
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("process_size", [16, "native"])
def test_the_size_at_work_changes_the_picture_but_not_its_size(
    translator: Translator, photograph: bytes, process_size: int
) -> None:
    image = translated(translator, photograph, process_size=process_size)[0]
    assert image.size == SIZE
    assert not np.array_equal(np.asarray(image), np.asarray(translated(translator, photograph)[0]))


def test_the_stages_one_by_one_give_the_same_bytes(translator: Translator, photograph: bytes) -> None:
    request = TranslationRequest("zebra", samples=2, seed=7)
    picture = translator.decode(photograph, request)
    stages = translator.encode(picture, translator.sample(picture, request), request)
    assert tuple(stages) == translator(photograph, request).pictures


def test_an_outline_does_all_but_the_sampling(
    translator: Translator, tiny_bundle: Path, photograph: bytes
) -> None:
    request = TranslationRequest("zebra", samples=2, seed=7)
    outline = Translator(load_outline(tiny_bundle), "meta", name="tiny")
    wanted = pickle.loads(pickle.dumps(outline.prepare(outline.decode(photograph, request), request)))
    (result,) = translator.sampler.sample([wanted], 2)
    samples = Samples.of(wanted, result, 2)
    pictures = outline.encode(outline.decode(photograph, request), samples, request)
    assert tuple(pictures) == translator(photograph, request).pictures


def test_a_frame_of_an_animation_is_translated_where_it_is_named(translator: Translator) -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "blue")]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(AnimatedImage, match="2 frames"):
        translated(translator, buffer.getvalue())
    assert translated(translator, buffer.getvalue(), frame=1)[0].size == SIZE


def test_errors_are_those_of_the_stage_where_they_arise(tiny_bundle: Path, photograph: bytes) -> None:
    translator = Translator(load_bundle(tiny_bundle), limits=Limits(max_pixels=3000))
    for data, request, error in (
        (photograph[: len(photograph) // 2], TranslationRequest("zebra"), CorruptImage),
        (encode(Image.new("RGB", (60, 60)), "PNG"), TranslationRequest("zebra"), TooLarge),
        (photograph, TranslationRequest("unicorn"), UnknownDomain),
        (photograph, TranslationRequest("zebra", format="TGA"), UnsupportedOutputFormat),
    ):
        with pytest.raises(error):
            translator(data, request)


def test_a_format_that_cannot_hold_the_picture_is_refused_before_it_is_drawn(translator: Translator) -> None:
    request = TranslationRequest("zebra", format="WEBP", process_size=8)
    picture = translator.decode(encode(Image.new("RGB", (16384, 512)), "PNG"), request)
    with pytest.raises(UnsupportedOutputFormat, match="WEBP holds 16383 .* not 16384: ask for another"):
        translator.prepare(picture, request)
    assert translator.prepare(picture, replace(request, format="PNG")).image.size == (256, 8)


def test_a_bundle_may_work_at_another_size_than_its_domain_scores(
    translator: Translator, tiny_bundle: Path, photograph: bytes, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "larger"))
    save_process_size(folder, load_bundle(folder).digest, 40, {})
    larger, request = Translator(load_bundle(folder), name="larger"), TranslationRequest("zebra", seed=7)
    found, asked = larger(photograph, request), translator(photograph, replace(request, process_size=40))
    assert found.receipt.working_size == asked.receipt.working_size == (57, 40)
    pictures = [on_white(decode(each.pictures[0])).tobytes() for each in (found, asked)]
    assert pictures[0] == pictures[1]
    assert found.receipt.domain_score == asked.receipt.domain_score is not None
    outline = Translator(load_outline(folder), "meta", name="larger")
    wanted = outline.prepare(outline.decode(photograph, request), request)
    assert (wanted.image.size, wanted.scored and wanted.scored.size) == ((57, 40), (45, 32))
