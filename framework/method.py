"""A Method: model, aligners, selector and balancers, put together. Turns batches into losses; holds no loop."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import attrs
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .batch import Batch, Outputs, Side, Step, Term, views_by_name
from .errors import RecipeError, RunError
from .gathering import Gather, among_processes
from .interfaces import Aligner, Balancer, Part, TeacherSelector
from .intermediate import Encoded
from .layout import DomainSide, Layout
from .model import MultimodalModel, features_of, intermediate_of
from .reach import check_reach
from .recipes.patterns import matches
from .recipes.recipe import Update
from .tensors.named_modules import NamedModules

MODEL: Final = "model"
"""Name by which parts that are bound last find the model among what is shared."""


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
        gather: makes whole batches of the slices that processes hold; `alone` for a process that trains by itself
            beside others.

    Raises:
        RecipeError: if a part is called `model`, by which name parts find the model.

    Example of use in a loop of one's own, which is right on several processes too::

        losses = method.step(source, target, progress=step / steps)
        optimizer.zero_grad()
        losses.total.backward()
        average_gradients(method.parameters())
        optimizer.step()
    """

    def __init__(
        self,
        model: MultimodalModel,
        aligners: Mapping[str, Aligner],
        selector: TeacherSelector | None = None,
        groups: Mapping[str, BalancedGroup] | None = None,
        parts: Mapping[str, nn.Module] | None = None,
        *,
        gather: Gather = among_processes,
    ) -> None:
        super().__init__()
        if MODEL in (parts or {}):
            raise RecipeError(f"no part may be called {MODEL!r}: it is the name by which parts find the model.")
        self.model = model
        self.aligners = NamedModules(dict(aligners))
        self.selector = selector
        self.groups = dict(groups or {})
        self.balancers = NamedModules({name: group.balancer for name, group in self.groups.items()})
        self.parts = NamedModules(dict(parts or {}))
        self.gather = gather
        self._held_to_reach: set[str] = set()

    def bind(self, layout: Layout, *, fusion: bool = True) -> None:
        """Tell every part the data's sizes; once, before training.

        Args:
            layout: the sizes.
            fusion: whether the model's fusion, and the parts that it shares, are still to be bound; those of a model
                which is already trained are not.

        Raises:
            RecipeError: if a part cannot work with this layout; the message names the part. Other exceptions of a part
                are mistakes in it, and come as they are.
        """
        trained = set() if fusion else {*self.model.modules()}
        for name, shared in self._shared_parts():
            if shared not in trained:
                _bind(name, shared, layout, dict(self.parts.items()))
        if fusion:
            _bind("fusion", self.model.fusion, layout, dict(self.parts.items()))
        whole = attrs.evolve(layout, joint_size=self.model.joint_size())
        for name, part in self._loss_parts():
            _bind(name, part, whole, {**dict(self.parts.items()), MODEL: self.model})

    def _shared_parts(self) -> Iterator[tuple[str, Part]]:
        """Any module can be shared; one that wants to know the data's sizes, or each step, is a Part."""
        yield from ((name, shared) for name, shared in self.parts.items() if isinstance(shared, Part))

    def _loss_parts(self) -> Iterator[tuple[str, Part]]:
        yield from ((name, cast("Aligner", aligner)) for name, aligner in self.aligners.items())
        yield from ((name, group.balancer) for name, group in self.groups.items())
        if self.selector is not None:
            yield "selector", self.selector

    def _all_parts(self) -> Iterator[tuple[str, Part]]:
        yield from self._shared_parts()
        yield "fusion", self.model.fusion
        yield from self._loss_parts()

    @torch.no_grad()
    def observe(self, step: Step) -> None:
        """Let all parts see a step of training; `step` does so, unless it is told not to."""
        with _without_autocast(step):
            for _, part in self._all_parts():
                part.observe(step)

    def measure(self, step: Step) -> dict[str, float]:
        """What parts, shared ones too, want to be logged after an epoch, by `<part>/<name>`."""
        return {f"{name}/{key}": value for name, part in self._all_parts() for key, value in part.measure(step).items()}

    def look(self, batch: Batch, domain_side: DomainSide) -> Side:
        """What the model says of a batch, by this process alone: in evaluation, where all see the same batches."""

        def run(model: nn.Module) -> Outputs:
            multimodal = cast("MultimodalModel", model)
            return _classify(multimodal, batch, _encode(multimodal, batch, domain_side), domain_side)

        return Side(batch, run(self.model), run=run)

    def _look_together(self, batch: Batch, domain_side: DomainSide) -> Side:
        """As `look`, of a batch of which each process holds a slice."""

        def run(model: nn.Module) -> Side:
            multimodal = cast("MultimodalModel", model)
            whole, encoded = self.gather(batch, _encode(multimodal, batch, domain_side))
            return Side(whole, _classify(multimodal, whole, encoded, domain_side))

        return attrs.evolve(run(self.model), run=lambda model: run(model).outputs)

    def teach(self, side: Side) -> Side:
        """Give a target side its lessons. No gradient flows through them."""
        if self.selector is None:
            return side
        with torch.no_grad():
            return attrs.evolve(side, lessons=self.selector(side))

    def losses(self, step: Step, update: Update | None = None) -> Losses:
        """Terms of a step that an update minimises, and their balanced and weighted sum; outside of autocast.

        Raises:
            RecipeError: if an Aligner returned something else than Terms, or a term reaches features that it does not
                name, see `check_reach`, which is asked in training.
        """
        with _without_autocast(step):
            return self._losses(step, ("*",) if update is None else update.terms)

    def _losses(self, step: Step, patterns: Sequence[str]) -> Losses:
        terms = {
            key: term
            for name, aligner in self.aligners.items()
            for key, term in _name_terms(name, aligner(step)).items()
            if matches(key, patterns)
        }
        if self.training:
            self._check_reach(terms, step)
        free = dict(terms)
        balanced: dict[str, Tensor] = {}
        for name, group in self.groups.items():
            members = {key: free.pop(key) for key in list(free) if matches(key, group.patterns)}
            if members:
                balanced[name] = group.weight * group.balancer(members, step.representations)
        summands = [*balanced.values(), *(term.weighted for term in free.values())]
        total = torch.stack(summands).sum() if summands else _nothing(step)
        return Losses(total, terms, balanced)

    def _check_reach(self, terms: Mapping[str, Term], step: Step) -> None:
        """Hold each term to what it reaches when it first comes, which for most is the first step of training."""
        for name, term in terms.items():
            if name not in self._held_to_reach:
                self._held_to_reach.add(name)
                check_reach(name, term, step.representations)

    def step(
        self,
        source: Batch | None,
        target: Batch | None = None,
        *,
        progress: float = 0.0,
        generator: torch.Generator | None = None,
        update: Update | None = None,
        observe: bool = True,
    ) -> Losses:
        """Losses of a pair of batches; either may be None.

        In training, parts `observe` the step first. The model runs in the precision of the autocast around the call,
        where there is one; losses do not. Where `torch.distributed` is initialised, each process gives its slices of
        the batches, and gets the losses of the whole, see `gather`.

        Args:
            source: labelled batch.
            target: batch whose labels, if it carries any, are not looked at.
            progress: of training, from 0 to 1.
            generator: source of random numbers, in the same state in each process.
            update: which terms count; None means all.
            observe: whether parts see the step, in training; a loop that makes several updates of a step says no from
                the second on.

        Raises:
            RunError: if a batch has one row of a modality whose encoder normalises batches.
            RecipeError: as `losses`.
        """
        step = self._see(source, target, progress, generator)
        if observe and self.training:
            self.observe(step)
        return self.losses(step, update)

    def _see(
        self, source: Batch | None, target: Batch | None, progress: float, generator: torch.Generator | None
    ) -> Step:
        plain = None if target is None else target.without_labels()
        views = views_by_name(source, plain)
        return Step(
            source=None if source is None else self._look_together(source, "source"),
            target=None if plain is None else self.teach(self._look_together(plain, "target")),
            views={name: self._look_together(view, side) for name, (side, view) in views.items()},
            progress=progress,
            generator=generator,
            model=self.model,
        )


def _bind(name: str, part: Part, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
    try:
        part.bind(layout, parts)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from error


def _encode(model: MultimodalModel, batch: Batch, domain_side: DomainSide) -> dict[str, Encoded]:
    try:
        encoded = model.encode(batch.inputs, batch.present, domain_side, batch.lengths)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise RunError(
            f"batch normalisation cannot train on one row, but a {domain_side} batch has no more of some modality: "
            "take another training.batch_size, or an encoder with another normalisation"
        ) from error
    # Before the heads: what is differentiated by features reaches the logits through them, also under autocast, and a
    # slice without a modality has features of another precision than those that autocast made.
    return {name: made.map(_to_float32) for name, made in encoded.items()}


def _classify(model: MultimodalModel, batch: Batch, encoded: Mapping[str, Encoded], domain_side: DomainSide) -> Outputs:
    outputs = model.classify(features_of(encoded), batch.present, domain_side, intermediate_of(encoded))
    return Outputs(
        features=_all_to_float32(outputs.features),
        logits={task: _all_to_float32(values) for task, values in outputs.logits.items()},
        task_features={task: _all_to_float32(values) for task, values in outputs.task_features.items()},
        intermediate={
            maker: {name: found.map(_to_float32) for name, found in made.items()}
            for maker, made in outputs.intermediate.items()
        },
    )


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


def _without_autocast(step: Step) -> torch.autocast:
    return torch.autocast(next((side.batch.present.device.type for _, side in step.sides), "cpu"), enabled=False)


def _nothing(step: Step) -> Float[Tensor, ""]:
    """Zero with a graph, so that a step without terms can still be differentiated."""
    return torch.stack([features.sum() * 0 for features in step.representations.values()]).sum()


def _all_to_float32(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: _to_float32(value) for name, value in values.items()}


def _to_float32(values: Tensor) -> Tensor:
    """What autocast made narrower; float64 and whole numbers stay."""
    return values.float() if values.is_floating_point() and values.dtype != torch.float64 else values
