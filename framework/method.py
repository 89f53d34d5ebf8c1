"""A Method: model, aligners, selector and balancers, put together. Turns batches into losses; holds no loop."""

from collections.abc import Iterator, Mapping
from typing import cast

import attrs
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .batch import Batch, Outputs, Side, Step, Term
from .errors import RecipeError
from .interfaces import Aligner, Balancer, Part, TeacherSelector
from .layout import DomainSide, Layout
from .model import MultimodalModel
from .recipes.patterns import matches
from .recipes.recipe import Update


@attrs.frozen(eq=False)
class Losses:
    """What a step costs.

    Args:
        total: scalar to differentiate.
        terms: every term by `<aligner>/<term>`.
        balanced: the scalar of each group of competing terms.
    """

    total: Float[Tensor, ""]
    terms: Mapping[str, Term]
    balanced: Mapping[str, Float[Tensor, ""]]

    def values(self) -> dict[str, float]:
        """Numbers to log: every term unweighted, every group, and the total."""
        numbers = {name: term.value.item() for name, term in self.terms.items()}
        groups = {name: value.item() for name, value in self.balanced.items()}
        return {"total": self.total.item(), **groups, **numbers}


@attrs.frozen(eq=False)
class BalancedGroup:
    """Patterns over term names, the Balancer that joins the terms that fit, and the result's weight."""

    patterns: tuple[str, ...]
    balancer: Balancer
    weight: float = 1.0


class Method(nn.Module):
    """A method of adaptation, ready to train.

    Args:
        model: what is adapted, and shipped.
        aligners: losses by name.
        selector: who teaches on the target; None where no loss needs lessons.
        groups: groups of competing terms by name; a term goes to the first that it fits.
        parts: modules that parts share, by name.

    Example of use in a loop of one's own::

        losses = method.step(source, target, progress=step / steps)
        losses.total.backward()
    """

    def __init__(
        self,
        model: MultimodalModel,
        aligners: Mapping[str, Aligner],
        selector: TeacherSelector | None = None,
        groups: Mapping[str, BalancedGroup] | None = None,
        parts: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.aligners = nn.ModuleDict(dict(aligners))
        self.selector = selector
        self.groups = dict(groups or {})
        self.balancers = nn.ModuleDict({name: group.balancer for name, group in self.groups.items()})
        self.parts = nn.ModuleDict(dict(parts or {}))

    def bind(self, layout: Layout, *, fusion: bool = True) -> None:
        """Tell every part the data's sizes; once, before training.

        Args:
            layout: the sizes.
            fusion: whether the model's fusion, and the parts that it may share, are still to be bound; those of a model
                which is already trained are not.

        Raises:
            ValueError: if a part cannot work with this layout; the message names the part.
        """
        if fusion:
            for name, shared in self.parts.items():
                # Any module can be shared; one that wants to know the data's sizes is a Part.
                if isinstance(shared, Part):
                    _bind(name, shared, layout, self.parts)
            _bind("fusion", self.model.fusion, layout, self.parts)
        whole = attrs.evolve(layout, joint_size=self.model.joint_size())
        for name, part in self._loss_parts():
            _bind(name, part, whole, self.parts)

    def _loss_parts(self) -> Iterator[tuple[str, Part]]:
        yield from ((name, cast("Aligner", aligner)) for name, aligner in self.aligners.items())
        yield from ((name, group.balancer) for name, group in self.groups.items())
        if self.selector is not None:
            yield "selector", self.selector

    def measure(self, step: Step) -> dict[str, float]:
        """What parts, shared ones too, want to be logged after an epoch, by `<part>/<name>`."""
        shared = [(name, part) for name, part in self.parts.items() if isinstance(part, Part)]
        return {
            f"{name}/{key}": value
            for name, part in (*shared, *self._loss_parts())
            for key, value in part.measure(step).items()
        }

    def observe(self, batch: Batch, domain_side: DomainSide) -> Side:
        """Run the model on a batch; outputs are float32 whatever the precision of the forward pass."""
        outputs: Outputs = self.model(batch.inputs, batch.present, domain_side, batch.lengths)
        return Side(batch, _float32(outputs))

    def classify(self, batch: Batch, features: Mapping[str, Float[Tensor, "batch _"]], domain_side: DomainSide) -> Side:
        """As `observe`, where the encoders' features are known: of a batch whose slices several processes encoded."""
        return Side(batch, _float32(self.model.classify(features, batch.present, domain_side)))

    def teach(self, side: Side) -> Side:
        """Give a target side its lessons. No gradient flows through them."""
        if self.selector is None:
            return side
        with torch.no_grad():
            return attrs.evolve(side, lessons=self.selector(side))

    def losses(self, step: Step, update: Update | None = None) -> Losses:
        """Terms of a step that an update minimises, and their balanced and weighted sum.

        Raises:
            RecipeError: if an Aligner returned something else than Terms.
        """
        patterns = ("*",) if update is None else update.terms
        terms = {
            key: term
            for name, aligner in self.aligners.items()
            for key, term in _name_terms(name, aligner(step)).items()
            if matches(key, patterns)
        }
        free = dict(terms)
        balanced: dict[str, Tensor] = {}
        for name, group in self.groups.items():
            members = {key: free.pop(key) for key in list(free) if matches(key, group.patterns)}
            if members:
                balanced[name] = group.weight * group.balancer(members, step.representations)
        summands = [*balanced.values(), *(term.weighted for term in free.values())]
        total = torch.stack(summands).sum() if summands else _nothing(step)
        return Losses(total, terms, balanced)

    def step(
        self,
        source: Batch | None,
        target: Batch | None = None,
        *,
        progress: float = 0.0,
        generator: torch.Generator | None = None,
        update: Update | None = None,
    ) -> Losses:
        """Losses of a pair of batches; either may be None.

        Args:
            source: labelled batch.
            target: batch whose labels, if it carries any, are not looked at.
            progress: of training, from 0 to 1.
            generator: source of random numbers.
            update: which terms count; None means all.
        """
        return self.losses(
            Step(
                source=None if source is None else self.observe(source, "source"),
                target=None
                if target is None
                else self.teach(self.observe(attrs.evolve(target, labels=None), "target")),
                progress=progress,
                generator=generator,
            ),
            update,
        )


def _bind(name: str, part: Part, layout: Layout, parts: nn.ModuleDict) -> None:
    try:
        part.bind(layout, dict(parts.items()))
    except (ValueError, KeyError) as error:
        raise ValueError(f"{name}: {error.args[0]}") from error


def _name_terms(aligner: str, answer: object) -> dict[str, Term]:
    """An Aligner's terms by `<aligner>/<term>`; what a user's own answers in their place is named."""
    if not isinstance(answer, Mapping):
        raise RecipeError(f"an Aligner must return a dict of Terms, but {aligner} returns a {type(answer).__name__}")
    for name, term in answer.items():
        if not isinstance(term, Term):
            raise RecipeError(
                f"an Aligner must return a dict of Terms, but {aligner}/{name} is a {type(term).__name__}"
            )
    return {f"{aligner}/{name}": term for name, term in answer.items()}


def _nothing(step: Step) -> Float[Tensor, ""]:
    """Zero with a graph, so that a step without terms can still be differentiated."""
    return torch.stack([features.sum() * 0 for features in step.representations.values()]).sum()


def _float32(outputs: Outputs) -> Outputs:
    def convert(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: value if value.dtype == torch.float64 else value.float() for name, value in values.items()}

    return Outputs(
        features=convert(outputs.features),
        logits={task: convert(values) for task, values in outputs.logits.items()},
        task_features={task: convert(values) for task, values in outputs.task_features.items()},
    )
