import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from tiny_architecture import TINY_ARCHITECTURE

from translation.architecture import StochasticResNetArchitecture
from translation.card import CorruptWeights
from translation.codec import ImageTooLarge, ImageTooSmall, to_tensor
from translation.generators.painting import Painting
from translation.model import UnknownDomain, draw_code
from translation.painted_image import PaintedImage
from translation.sampler import BATCH_SIZES, MAX_PROCESS_SIZE, Sampler, SampleRequest

TRAINING_SIZE = 16


def make_sampler(code_size: int = 4, **options: int) -> Sampler:
    torch.manual_seed(0)
    generator = StochasticResNetArchitecture(width=4, blocks=1, code_size=code_size)
    model = TINY_ARCHITECTURE.model_copy(update={"generator": generator}).build_model(("horse", "zebra"))
    return Sampler(model, TRAINING_SIZE, **options)


def draw_codes(samples: int, seed: int = 7, size: int = 4) -> torch.Tensor:
    return torch.stack([draw_code(seed, index, size) for index in range(samples)])


SAMPLER = make_sampler()
sizes = st.tuples(st.integers(8, 200), st.integers(8, 200)).filter(lambda size: max(size) <= 32 * min(size))


@settings(deadline=None, max_examples=25)
@given(size=sizes, to=st.sampled_from(["horse", "zebra"]), samples=st.integers(1, 3))
def test_samples_have_the_size_of_the_picture(size: tuple[int, int], to: str, samples: int) -> None:
    translations = SAMPLER(Image.new("RGB", size, "brown"), to, draw_codes(samples))
    assert [(image.size, image.mode) for image in translations] == [(size, "RGB")] * samples


@pytest.mark.parametrize("process_size", [None, 8, 24, "native"])
def test_the_network_works_at_the_size_that_is_asked_for(process_size: int | None) -> None:
    short_side = {None: TRAINING_SIZE, "native": 30}.get(process_size, process_size)
    source = SAMPLER.source(Image.new("RGB", (60, 30)), process_size)
    assert source.shape == (1, 3, short_side, 2 * short_side)


def test_it_may_work_at_another_size_than_it_was_trained_at() -> None:
    sampler = make_sampler(process_size=24)
    assert sampler.source(Image.new("RGB", (60, 30))).shape == (1, 3, 24, 48)
    assert sampler.source(Image.new("RGB", (60, 30)), TRAINING_SIZE).shape == (1, 3, 16, 32)
    sampler.warm_up()


@pytest.mark.parametrize(
    ("size", "short_side"), [((30, 30), 24), ((60, 30), 23), ((120, 30), 16), ((30, 120), 16)]
)
def test_what_is_too_long_for_the_process_size_is_worked_on_at_a_smaller_one(
    size: tuple[int, int], short_side: int
) -> None:
    sampler = make_sampler(process_size=24, max_batch_pixels=24 * 48)
    width, height = sampler.working_size(size)
    assert min(width, height) == short_side
    assert width * height <= 24 * 48 or short_side == TRAINING_SIZE == 16


@pytest.mark.parametrize("size", [(8, 256), (256, 8)])
def test_the_narrowest_pictures_are_translated(size: tuple[int, int]) -> None:
    assert SAMPLER(Image.new("RGB", size), "zebra", draw_codes(1))[0].size == size


@pytest.mark.parametrize("padded", BATCH_SIZES)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_what_else_is_in_a_batch_changes_no_bit(padded: int, data: st.DataObject) -> None:
    source, code = torch.rand(1, 3, 20, 28) * 2 - 1, torch.randn(1, 4)
    rows_of_it = []
    for _ in range(2):
        rows = data.draw(st.integers(padded // 2 + 1, padded))
        position = data.draw(st.integers(0, rows - 1))
        sources, codes = torch.rand(rows, 3, 20, 28) * 2 - 1, torch.randn(rows, 4)
        sources[position], codes[position] = source[0], code[0]
        assert SAMPLER.padded_batch(rows, (28, 20)) == padded
        painting = SAMPLER.paint(sources, "zebra", codes)
        rows_of_it.append(torch.cat([painting.colour[position], painting.gate[position]]))
    assert torch.equal(*rows_of_it)


NOISE = [Image.effect_noise((24, TRAINING_SIZE), 60).convert("RGB") for _ in range(3)]


def test_pictures_of_several_requests_are_painted_in_one_batch_as_in_one_of_their_own() -> None:
    requests = [
        SampleRequest(NOISE[0], "zebra", 7, range(3)),
        SampleRequest(NOISE[1], "zebra", 8, range(2, 4), 0.5),
    ]
    together = SAMPLER.sample(requests, 8)
    apart = [result for request in requests for result in SAMPLER.sample([request], 8)]
    assert [len(result.paintings) for result in together] == [3, 2]
    paintings, alone = (
        [each.image for result in results for each in result.paintings] for results in (together, apart)
    )
    assert [painting.tobytes() for painting in paintings] == [painting.tobytes() for painting in alone]
    assert [(painting.mode, painting.size) for painting in paintings] == [("RGBA", (24, TRAINING_SIZE))] * 5


@pytest.mark.parametrize("batch", BATCH_SIZES)
def test_batches_of_other_sizes_paint_within_one_grey_level(batch: int) -> None:
    request = SampleRequest(NOISE[2], "zebra", 7, range(5))
    results = [SAMPLER.sample([request], size)[0] for size in (batch, 8)]
    for one, other in zip(*(result.paintings for result in results), strict=True):
        differences = ImageChops.difference(one.image, other.image).getextrema()
        assert max(most for _, most in differences) <= 1


def test_three_samples_are_the_first_three_of_four() -> None:
    image = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
    three, four = (SAMPLER(image, "zebra", draw_codes(samples)) for samples in (3, 4))
    assert [sample.tobytes() for sample in three] == [sample.tobytes() for sample in four[:3]]
    assert len({sample.tobytes() for sample in four}) == 4


@pytest.mark.parametrize(
    ("samples", "padded"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (8, 8), (9, 8), (16, 8)]
)
def test_batches_are_padded_to_few_sizes(samples: int, padded: int) -> None:
    assert SAMPLER.padded_batch(samples, (64, 64)) == padded


def test_more_samples_than_a_batch_holds_are_all_drawn() -> None:
    image, codes = Image.linear_gradient("L").convert("RGB"), draw_codes(11)
    samples = SAMPLER(image, "zebra", codes)
    assert [s.tobytes() for s in samples[8:]] == [s.tobytes() for s in SAMPLER(image, "zebra", codes[3:])[5:]]


def test_large_pictures_are_drawn_in_smaller_batches_and_too_large_ones_not_at_all() -> None:
    sampler = make_sampler(max_batch_pixels=3 * 16 * 20)
    assert sampler.padded_batch(8, (20, 16)) == 2
    assert len(sampler(Image.new("RGB", (40, 32)), "zebra", draw_codes(5))) == 5
    with pytest.raises(ImageTooLarge, match="exceeds 0.00096 MP"):
        sampler(Image.new("RGB", (40, 32)), "zebra", draw_codes(1), process_size="native")
    with pytest.raises(ImageTooLarge):
        sampler.working_size((256, 8), 16384)


def test_a_process_size_below_the_smallest_is_refused() -> None:
    with pytest.raises(ImageTooSmall, match="minimum 8"):
        SAMPLER.source(Image.new("RGB", (60, 30)), process_size=7)


def test_the_largest_process_size_is_that_of_a_square() -> None:
    assert SAMPLER.working_size((30, 30), MAX_PROCESS_SIZE) == (MAX_PROCESS_SIZE, MAX_PROCESS_SIZE)
    for size in ((30, 30), (30, 60)):
        with pytest.raises(ImageTooLarge):
            SAMPLER.working_size(size, MAX_PROCESS_SIZE + 1)


def test_a_model_without_codes_gives_its_one_answer() -> None:
    sampler = make_sampler(code_size=0)
    first, second = sampler(Image.linear_gradient("L").convert("RGB"), "horse", draw_codes(2, size=0))
    assert first.tobytes() == second.tobytes()


def test_an_unknown_domain_is_refused() -> None:
    with pytest.raises(UnknownDomain, match="horse and zebra"):
        SAMPLER(Image.new("RGB", (20, 20)), "unicorn", draw_codes(1))


def test_nothing_is_kept_for_gradients_and_both_directions_are_warm() -> None:
    SAMPLER.warm_up()
    assert SAMPLER.paint(torch.zeros(1, 3, 16, 16), "horse", torch.zeros(1, 4)).colour.is_inference()
    assert not SAMPLER.model.training


def test_what_paints_nothing_finite_is_not_warm() -> None:
    sampler = make_sampler()
    with torch.no_grad():
        sampler.model.z_given_x.generator.stem.weight.fill_(1e38)  # each of them finite
    with pytest.raises(CorruptWeights, match="zebra"):
        sampler.warm_up()


def test_a_picture_of_the_working_size_becomes_the_mean_of_the_density() -> None:
    image, code = Image.effect_noise((24, TRAINING_SIZE), 60).convert("RGB"), draw_codes(1)
    with torch.inference_mode():
        mean = SAMPLER.model.conditional("zebra")(to_tensor(image), code).mean
    difference = to_tensor(SAMPLER(image, "zebra", code)[0]) - mean
    assert difference.abs().max() <= 2 / 127.5  # colour, gate and blend are each rounded


def test_a_larger_picture_is_moved_as_far_in_its_own_pixels_as_the_working_one_was() -> None:
    image = Image.effect_noise((120, 5 * TRAINING_SIZE), 60).convert("RGB")
    colour, gate, shift = (torch.zeros(1, channels, TRAINING_SIZE, 24) for channels in (3, 1, 2))
    shift[:, 0] = 2.0
    (painted,) = PaintedImage.rows_of(Painting(colour, gate, shift))
    moved = painted.over(image)
    assert moved.crop((0, 0, 110, image.height)).tobytes() == image.crop((10, 0, 120, image.height)).tobytes()


def test_what_is_not_painted_over_keeps_every_detail() -> None:
    image = Image.effect_noise((200, 150), 60).convert("RGB")
    black, gate = torch.full((2, 3, 12, TRAINING_SIZE), -1.0), torch.zeros(2, 1, 12, TRAINING_SIZE)
    gate[1, ..., : TRAINING_SIZE // 2] = 1
    copied, half = (painted.over(image) for painted in PaintedImage.rows_of(Painting(black, gate)))
    assert copied.tobytes() == image.tobytes()
    untouched = (120, 0, 200, 150)
    assert half.crop((0, 0, 80, 150)).getextrema() == ((0, 0),) * 3
    assert half.crop(untouched).tobytes() == image.crop(untouched).tobytes()
