"""NELBO and NAPLBO on pictures that were not trained on, estimated with the model's own ratios.

    first -> second    NELBO  = NELL + KL_latent      E_q[-log p(x | z)] + E_q[log r(z; x)]
    second -> first    NAPLBO = NELP + KL_observed    E_p[-log q(z | x)] + E_p[log r(x; z)]

Tiao, Bonilla and Ramos (2018), equations 16 and 27. NELL and NELP, the KL of their codes included, are upper
bounds drawn once for each picture, in nats per dimension. The KL terms are no better than the ratios, which
were learned from few pictures, and are averaged over patches: nats per patch. So the sum is a score that
compares models of one architecture and one noise; it is no likelihood. Ratios that never look at what was
given (conditioning 0) estimate KL[q(z) || p*(z)], which is less than KL_latent by the mutual information
of x and z: no bound, and so no total.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from training.evaluation.bench import Bench, Direction, Judge
from training.evaluation.features import in_batches
from training.evaluation.figures import Line
from training.evaluation.pictures import Pictures
from training.objective.likelihoods import StochasticMap, negative_log_likelihood
from training.objective.ratios import LogRatio
from training.random_state import random_state_kept
from translation.codec import centre_square, to_tensor

BATCH = 8


def bound(bench: Bench, at: Direction, judge: Judge, seed: int) -> Line:
    """likelihood and divergence, and total where their sum is a bound; of all sources, as squares of the
    training size.

    The global random state is left as it was.
    """
    model = bench.sampler.model
    there, back = model.conditional(at.target), model.conditional(at.source)
    ratio = judge.ratios.latent if at.source == model.domains[0] else judge.ratios.observed
    device = bench.sampler.device
    sums = torch.zeros(2, dtype=torch.float64)
    with random_state_kept(device), torch.inference_mode():
        torch.manual_seed(seed)
        for batch in in_batches(squares(at.sources, bench.sampler.training_size), BATCH):
            given = torch.cat(batch).to(device)
            sums += len(batch) * _terms(given, there, back, ratio, judge).cpu()
            bench.tick(len(batch))
    likelihood, divergence = (sums / len(at.sources)).tolist()
    total = {} if judge.is_blind else {"total": likelihood + divergence}
    return {"likelihood": likelihood, "divergence": divergence, **total}


def squares(pictures: Pictures, side: int) -> Iterator[Tensor]:
    """The middle of each, (1, 3, side, side) in [-1, 1], when it is asked for."""
    for image in pictures:
        yield to_tensor(centre_square(image, side))


def _terms(given: Tensor, there: StochasticMap, back: StochasticMap, ratio: LogRatio, judge: Judge) -> Tensor:
    """(2,), of the likelihood and of the ratio; means over the batch."""
    joint = judge.sampling.draw(there, given)
    again = back.reconstruct(given, joint.drawn)
    likelihood = negative_log_likelihood(again.density, given, "mean")
    code = again.code_kl.mean() / given[0].numel()
    return torch.stack([likelihood + code, ratio(joint.judged, joint.given).mean()]).double()
