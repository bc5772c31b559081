"""Whether what is ordered can be done: what can never be is refused at once, not hours later."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from app.database.tables import Json
from app.datasets.store import DatasetStore
from app.engine.faults import UnreadableCard
from app.jobs.faults import BadOrder, UnfitDataset
from app.jobs.recipe_values import faults
from app.jobs.schemas import ExportRequest, JobRequest, TrainRequest, TranslateRequest
from app.recipes import recipe_book
from translation.card import Card, InvalidBundle, read_card
from translation.model import UnknownDomain
from translation.registry import Registry, version_name
from translation.translator import check_calibrated

logger = logging.getLogger(__name__)

EXACT = 2**53  # below it JSON's numbers are whole to a browser, and to whatever else reads them as floats
NEEDED = {"train": ("pair",), "evaluate": ("pair",), "translate": ("single", "pair")}  # datasets


@dataclass(frozen=True)
class OrderResolver:
    """What orders can be done with. `default_model` is of one that names none; it raises UnknownModel."""

    registry: Registry
    datasets: DatasetStore
    default_model: Callable[[], str]

    def resolve(self, request: JobRequest) -> Json:
        """The order, nothing left open.

        Raises UnknownDataset, UnfitDataset, BadOrder, UnknownModel, UnknownVersion, UnknownDomain,
        NoDomainScore, NotReady.
        """
        if not isinstance(request, ExportRequest):
            self._check_fit(request.dataset, request.kind)
        params = request.model_dump(mode="json", exclude={"kind"})
        if isinstance(request, TrainRequest):
            _check_training(request)
            return params
        settled = self.with_model(params)
        return self._with_side(settled) if isinstance(request, TranslateRequest) else settled

    def with_model(self, params: Json) -> Json:
        """Named, by its version, known, and able to do it; of a translation with a seed."""
        model = params["model"] or self.default_model()
        try:
            card, digest = read_card(self.registry.folder(model, params["version"]))
        except InvalidBundle as error:
            logger.error("model %s: %s", model, error)
            raise UnreadableCard(model) from error
        _check_domains(params, card)
        resolved = {**params, "model": model, "version": version_name(digest)}
        if "to" in params and params["seed"] is None:
            resolved["seed"] = secrets.randbelow(EXACT)
        return resolved

    def _check_fit(self, name: str, kind: str) -> None:
        """Raises UnknownDataset, UnfitDataset."""
        dataset = self.datasets.get(name)
        if dataset.kind not in NEEDED[kind]:
            raise UnfitDataset(f"{name!r} is a {dataset.kind}, and {kind} needs a {NEEDED[kind][0]}")

    def _with_side(self, params: Json) -> Json:
        """Of a pair, with the domain that the model translates from. Raises UnknownDataset, UnfitDataset."""
        dataset = self.datasets.get(params["dataset"])
        if dataset.kind == "single":
            return params
        card, _ = read_card(self.registry.folder(params["model"], params["version"]))
        source = next(source for source, to in card.directions if to == params["to"])
        if source not in dataset.domains:
            raise UnfitDataset(
                f"{dataset.name!r} is a pair of {' and '.join(dataset.domains)}, and this model translates "
                f"{source} to {params['to']}: upload the pictures to translate as a dataset of their own, "
                "with kind=single"
            )
        return {**params, "domain": source}


def _check_training(request: TrainRequest) -> None:
    """Raises BadOrder."""
    if request.domains and len({*request.domains.split(",")}) == 1:
        raise BadOrder(f"domains should be two names, not {request.domains!r}")
    book = recipe_book()
    names = [recipe.name for recipe in book.recipes]
    if request.recipe not in names:
        raise BadOrder(f"no recipe named {request.recipe!r}: there are {', '.join(names)}")
    if told := faults(request.set, book.json_schema):
        raise BadOrder(f"set: {'; '.join(told)}")


def _check_domains(params: Json, card: Card) -> None:
    """Raises UnknownDomain, NoDomainScore."""
    sources = {to: source for source, to in card.directions}
    if "to" in params:
        if params["to"] not in sources:
            told = " and ".join(sources)
            raise UnknownDomain(f"no domain named {params['to']!r}; this model translates to {told}")
        check_calibrated(sources[params["to"]], params["refuse_at"], card.calibration or ())
    for domain in params.get("classes", ()):
        if domain not in card.domains:
            of_model = " and ".join(card.domains)
            raise UnknownDomain(f"classes: no domain named {domain!r}; this model's are {of_model}")
