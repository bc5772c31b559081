"""All that learns, and what a checkpoint keeps of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from training.objective.sjmvi import Maps, Ratios
from training.optimisers import Optimisation
from training.replay import Replay
from translation.model import DensityRatios, TranslationModel


@dataclass(frozen=True)
class Learner:
    """All that learns, or is kept of what was drawn: networks, their average, the ratios over them, both
    optimisers, the pools of past draws: of each process its own, until a run goes on from the first one's."""

    model: TranslationModel
    average: AveragedModel
    networks: DensityRatios
    ratios: Ratios
    maps_optimisation: Optimisation
    ratios_optimisation: Optimisation
    replay: Replay = field(default_factory=Replay)

    @property
    def maps(self) -> Maps:
        return Maps(*map(self.model.conditional, self.model.domains))

    @property
    def averaged(self) -> TranslationModel:
        average = self.average.module
        assert isinstance(average, TranslationModel)
        return average

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def weights(self) -> Iterator[Tensor]:
        """Of the networks and of their average, buffers included."""
        for network in (self.model, self.average, self.networks):
            yield from network.state_dict().values()

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "average": self.average,
            "networks": self.networks,
            "maps_optimisation": self.maps_optimisation,
            "ratios_optimisation": self.ratios_optimisation,
            "replay": self.replay,
        }
