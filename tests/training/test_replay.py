"""Past draws: which come back, with what they were drawn given, and after a resumption the same ones."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from training.objective.joints import Joint
from training.objective.sjmvi import Draws
from training.replay import PairPool, Replay
from translation.distributions import Normal


def joint_of(first: int, rows: int = 4) -> Joint:
    """Draws numbered from `first` on, each drawn given its negative."""
    judged = torch.arange(first, first + rows).float()[:, None, None, None].expand(-1, 3, 2, 2)
    return Joint(-judged, judged + 0.5, judged, Normal(judged, torch.tensor(1.0)))


def numbers(judged: Tensor) -> list[int]:
    return [int(number) for number in judged[:, 0, 0, 0]]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_while_a_pool_fills_draws_pass() -> None:
    pool = PairPool(8)
    for first in (0, 4):
        assert numbers(pool(joint_of(first)).judged) == list(range(first, first + 4))


def test_from_then_on_half_are_past_ones_and_none_comes_back_twice() -> None:
    pool, used = PairPool(8), []
    for first in range(0, 2000, 4):
        used.append(numbers(pool(joint_of(first)).judged))
    now = [number >= first for first, row in zip(range(0, 2000, 4), used, strict=True) for number in row]
    assert sum(now) / len(now) == pytest.approx(0.5, abs=0.06)
    later = [number for row in used[2:] for number in row]
    assert len(set(later)) == len(later)
    held = numbers(torch.stack(pool.state_dict()["judged"]))
    assert not set(held) & set(later[-1000:]) - set(range(8))
    assert len(held) == 8


def test_pairs_stay_together_and_what_is_decoded_stays() -> None:
    pool = PairPool(2)
    for first in range(0, 80, 4):
        joint = joint_of(first)
        replayed = pool(joint)
        assert torch.equal(replayed.given, -replayed.judged)
        assert torch.equal(replayed.drawn, joint.drawn)
    assert numbers(replayed.judged) != numbers(joint.judged)


def test_what_a_pool_holds_is_its_own() -> None:
    """A draw whose memory is used again does not change under it."""
    pool, joint = PairPool(4), joint_of(0)
    batch = joint.judged.clone()
    pool(replace(joint, judged=batch))
    batch.zero_()
    assert numbers(torch.stack(pool.state_dict()["judged"])) == [0, 1, 2, 3]


def draws_of(first: int) -> Draws:
    q, p = joint_of(first), joint_of(-first - 4)
    return Draws(q, p, p.judged, q.judged)


def test_joints_have_pools_of_their_own_and_references_pass() -> None:
    replay = Replay(2)
    for first in range(0, 40, 4):
        draws = draws_of(first)
        replayed = replay(draws)
        assert min(numbers(replayed.q.judged)) >= 0 > max(numbers(replayed.p.judged))
        assert replayed.latent_reference is draws.latent_reference


def test_of_no_pairs_changes_nothing_and_draws_no_number() -> None:
    before, draws = torch.get_rng_state(), draws_of(0)
    assert Replay(0)(draws) is draws
    assert torch.equal(torch.get_rng_state(), before)


def test_one_that_is_loaded_goes_on_as_the_one_saved() -> None:
    replay, loaded = Replay(4), Replay(4)
    for first in range(0, 20, 4):
        replay(draws_of(first))
    loaded.load_state_dict(replay.state_dict())
    random = torch.get_rng_state()
    expected = [numbers(replay(draws_of(first)).q.judged) for first in range(20, 60, 4)]
    torch.set_rng_state(random)
    assert [numbers(loaded(draws_of(first)).q.judged) for first in range(20, 60, 4)] == expected
