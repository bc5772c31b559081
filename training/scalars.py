"""What a logged step reports of the whole batch, from what was found in its parts and processes."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from training.distributed import ALONE, Processes

HIGHEST = "_max"  # ends the names of those that are no means over the batch


def joint_scalars(
    parts: Sequence[Mapping[str, Tensor]], shares: Sequence[float], processes: Processes = ALONE
) -> dict[str, float]:
    """`parts` holds scalars of the same names for each part of the batch, `shares` its share of the batch.

    Exact for means and maxima; a standard deviation comes out as the mean of the parts' own.
    """
    values = {name: [float(part[name].detach()) for part in parts] for name in parts[0]}
    highest = {name: max(of_parts) for name, of_parts in values.items() if name.endswith(HIGHEST)}
    means = {
        name: sum(share * value for share, value in zip(shares, of_parts, strict=True))
        for name, of_parts in values.items()
        if name not in highest
    }
    joint = dict(zip(means, processes.total([*means.values()]), strict=True))
    joint |= dict(zip(highest, processes.highest([*highest.values()]), strict=True))
    return {name: joint[name] for name in values}
