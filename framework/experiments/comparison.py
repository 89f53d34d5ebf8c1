"""Adapt to a target of a table, and say how the result stands against source-only."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from ..data import Problem, Schema
from ..errors import RecipeError, RunError
from ..gathering import world
from ..maps import FoundMaps
from ..method import Method
from ..recipes.recipe import Recipe, Stage
from ..recipes.recipe_files import read_recipe
from ..recipes.selection import Selection
from ..recipes.user_sources import user_sources
from ..runs.run_folder import REFERENCE, RunFolder
from ..training.adaptation import adapt
from ..training.adapted import Adapted
from ..training.domains import Domains
from ..training.exchange import on_main
from ..training.loader import Loader
from ..training.run_lock import hold_run
from ..training.run_options import RunOptions
from ..training.selection import comparable_scores
from .experiment import Experiment
from .input_maps import comparable_with, find_maps, settle_maps
from .negative_transfer import Gain, compare_on_target, find_harm
from .saved_method import load_model_weights, load_run, portable_parts
from .skipped import settle_skipped

if TYPE_CHECKING:
    from ..encoders.trunk_cache import TrunkCache

Reference: TypeAlias = Path | Literal["train"] | None

Maps: TypeAlias = Literal["auto"] | None

_OWN_TO_A_METHOD: Final = ("aligners.", "balancers.", "model.fusion.", "parts.", "selector.")
"""What the names of parameters begin with that source-only does not have."""


@attrs.frozen(eq=False)
class ComparedRun:
    """A run, and how its target-side scores stand against source-only.

    Args:
        adapted: the run.
        schema: of its data.
        reference: target-side scores of source-only; empty where there is nothing to compare.
        skipped: problems of the rows that were left out.
        selection: of the run's recipe.
        maps: that were searched for the target; None where none were.
        gains: over source-only, estimated without labels, by task; empty where there is nothing to compare.
    """

    adapted: Adapted
    schema: Schema
    reference: Mapping[str, float]
    skipped: Sequence[Problem] = ()
    selection: Selection = attrs.field(factory=Selection)
    maps: FoundMaps | None = None
    gains: tuple[Gain, ...] = ()

    @property
    def harm(self) -> tuple[str, ...]:
        """Why the run may be worse than source-only, in words; empty where nothing speaks of it."""
        return find_harm(self.gains, self.adapted.best.target, self.reference)

    @property
    def falls_below(self) -> dict[str, tuple[float, float]]:
        """Comparable target-side scores that are lower than those of source-only: score -> (source-only, this run)."""
        found, comparable = self.adapted.best.target, comparable_scores(self.selection)
        return {
            name: (before, found[name])
            for name, before in self.reference.items()
            if name in found and name in comparable and found[name] < before
        }

    def to_json(self) -> dict[str, Any]:
        """As plain data, for summary.json."""
        return {
            "best": self.adapted.best.to_json(),
            "source_only": dict(self.reference),
            "falls_below_source_only": self.falls_below,
            **({"estimated_gain": [gain.to_json() for gain in self.gains]} if self.gains else {}),
            **({"harm": list(self.harm)} if self.harm else {}),
            "skipped_rows": len({(problem.line, problem.id) for problem in self.skipped}),
            "seconds": self.adapted.seconds,
            # Left out where none were searched, as in runs from before there were maps.
            **({} if self.maps is None else {"maps": self.maps.to_json()}),
        }


def adapt_table(
    experiment: Experiment,
    out: Path,
    options: RunOptions | None = None,
    *,
    reference: Reference = "train",
    initial: Path | None = None,
    skip_bad: bool = False,
    trunk_cache: "TrunkCache | None" = None,
    maps: Maps = None,
) -> ComparedRun:
    """Adapt to a target of a table, and say how the result stands against source-only.

    Args:
        experiment: what to do.
        out: run folder.
        options: how the run is carried out, that of source-only too, which asks no oracle; None means the defaults.
        reference: the run folder of a source-only model to compare with; "train" trains one, with the same model and
            optimiser, in `out/source-only`; None compares with nothing.
        initial: run folder of a source model to start from.
        skip_bad: leave out rows whose files cannot be used. Every file is read before training starts; skipped.json in
            the run folder says which rows, and why. A resumed run leaves out the same ones.
        trunk_cache: keeps what frozen trunks make of samples. It changes results by rounding only, so a run may go on
            with another one, or none.
        maps: "auto" searches input maps for the target, by the source-only model that `reference` names, or one that is
            trained first; they then stand before the model's encoders on the target's side, and the reference's scores
            are taken with them. maps.json in the run folder says what was found; a resumed run keeps it.

    Raises:
        AcclimateError: one line that names what is wrong.
    """
    options = options or RunOptions()
    with hold_run(out, resume=options.resume):
        return _adapt(
            experiment,
            out,
            options,
            reference=reference,
            initial=initial,
            skip_bad=skip_bad,
            trunk_cache=trunk_cache,
            maps=maps,
        )


def _adapt(
    experiment: Experiment,
    out: Path,
    options: RunOptions,
    *,
    reference: Reference,
    initial: Path | None,
    skip_bad: bool,
    trunk_cache: "TrunkCache | None",
    maps: Maps,
) -> ComparedRun:
    # Read before hours of training, not after.
    scores = read_scores(reference) if isinstance(reference, Path) else {}
    if skip_bad:
        experiment = attrs.evolve(
            experiment, skipped=settle_skipped(experiment.find_bad_rows, out, resume=options.resume)
        )
    schema, domains = experiment.open(options.seed, pin=options.on_gpu)
    if options.display is not None and world()[0] == 0:
        for doubt in experiment.find_doubts(schema, options.seed):
            options.display.note(doubt.message)

    train = partial(train_opened, schema=schema, domains=domains, trunk_cache=trunk_cache)
    baseline = attrs.evolve(experiment, recipe=source_only(experiment.recipe))
    unasked, found = attrs.evolve(options, oracle=None), None
    if maps is not None:
        if experiment.target is None:
            raise RunError("input maps are searched for a target, but there is none")
        searched = reference if isinstance(reference, Path) else out / REFERENCE
        if not isinstance(reference, Path):
            scores = train(baseline, searched, attrs.evolve(unasked, pause_at=1.0)).best.target
        found = settle_maps(
            partial(find_maps, searched, experiment.recipe, schema, domains, options.seed, on_gpu=options.on_gpu),
            out,
            schema,
        )
        scores = {} if reference is None else comparable_with(found, scores)
        train = partial(train, schema=found.added_to(schema))
    adapted = train(experiment, out, options.open_oracle(schema), initial=initial)
    if reference == "train" and experiment.recipe.uses_target and found is None:
        scores = train(baseline, out / REFERENCE, unasked).best.target
    beside = out / REFERENCE if reference == "train" else reference
    gains = _find_gains(adapted, beside, schema, domains)
    skipped, selection = experiment.skipped or (), experiment.recipe.selection
    comparison = ComparedRun(adapted, schema, scores, skipped, selection, maps=found, gains=gains)
    if adapted.finished:
        on_main(lambda: RunFolder.open(out).write_json("summary.json", comparison.to_json()))
    return comparison


def train_opened(
    experiment: Experiment,
    out: Path,
    options: RunOptions,
    *,
    schema: Schema,
    domains: Domains,
    initial: Path | None = None,
    trunk_cache: "TrunkCache | None" = None,
) -> Adapted:
    """Train an experiment's recipe on data that are open already.

    Args:
        experiment: what to do.
        out: run folder.
        options: how the run is carried out.
        schema: of the data.
        domains: the data.
        initial: run folder of a source model to start from.
        trunk_cache: keeps what frozen trunks make of samples.

    Raises:
        AcclimateError: one line that names what is wrong.
    """
    recipe = experiment.recipe
    method = experiment.build(recipe, schema, domains, options.seed)
    if trunk_cache is not None:
        method.model.cache_trunks(trunk_cache, recipe.training.augmented)
    if initial is not None:
        load_model_weights(method, initial)
    return adapt(
        method,
        recipe,
        domains if recipe.uses_target else _source_alone(domains, recipe),
        out,
        options,
        config=experiment.config(schema, domains)
        | {"initial": None if initial is None else str(initial)}
        | portable_parts(method)
        | _sources(recipe),
    )


def load_reference(path: Path, schema: Schema) -> Method | None:
    """The model of a source-only run; None where it has no checkpoint, or its inputs are prepared otherwise.

    Args:
        path: run folder.
        schema: of the run that is compared with it.
    """
    try:
        method, own, _ = load_run(path)
    except (RunError, RecipeError):
        return None
    return method if own.to_config() == schema.to_config() else None


def _find_gains(adapted: Adapted, reference: Path | None, schema: Schema, domains: Domains) -> tuple[Gain, ...]:
    if reference is None or not reference.is_dir() or not adapted.finished:
        return ()
    compared = load_reference(reference, schema)
    if compared is None:
        return ()
    device = next(adapted.method.parameters()).device
    return compare_on_target(adapted.method, compared.to(device), domains, device)


def source_only(recipe: Recipe) -> Recipe:
    """The recipe that trains the same encoders as long on the source alone.

    The modalities are fused by source-only's own sum of logits, not by the method's Fusion: that may only mean
    something with the losses that train it.
    """
    epochs = sum(stage.rounds * (stage.epochs or 0) for stage in recipe.stages)
    steps = sum(stage.rounds * (stage.steps or 0) for stage in recipe.stages)
    counted = [Stage("source", epochs=epochs, target=False)] if epochs else []
    counted += [Stage("source", steps=steps, target=False)] if steps else []
    groups = recipe.training.parameter_groups
    baseline = read_recipe("source-only")
    return attrs.evolve(
        baseline,
        model=attrs.evolve(baseline.model, encoders=recipe.model.encoders, projection=recipe.model.projection),
        stages=tuple(counted),
        data=recipe.data,
        # So that what the recipe's own Validators say can be compared, too.
        selection=attrs.evolve(baseline.selection, also=tuple(recipe.selection.own.values())),
        # The other parts of the method, and with them their parameters, are gone.
        training=attrs.evolve(
            recipe.training,
            parameter_groups={key: value for key, value in groups.items() if not key.startswith(_OWN_TO_A_METHOD)},
            views={},
        ),
    )


def _source_alone(domains: Domains, recipe: Recipe) -> Domains:
    """The domains without their target and, where the recipe has no views, without those of the one compared with."""
    source = domains.source
    if isinstance(source, Loader) and source.views and not recipe.training.views:
        source = attrs.evolve(source, views={})
    return attrs.evolve(domains, source=source, target=None)


def _sources(recipe: Recipe) -> dict[str, Any]:
    """With code of the user's own that has changed, a run is not gone on with."""
    sources = user_sources(recipe)
    return {"sources": sources} if sources else {}


def read_scores(path: Path) -> Mapping[str, float]:
    """Target-side scores of a run that has ended, by name.

    Args:
        path: run folder.

    Raises:
        RunError: if it has not, or its summary.json is damaged.
    """
    summary = RunFolder.open(path).path / "summary.json"
    if not summary.is_file():
        raise RunError(f"{path} has no summary.json: the run has not ended")
    try:
        scores: Mapping[str, float] = json.loads(summary.read_text(encoding="utf-8"))["best"]["target"]
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{summary} is damaged: {error}") from error
    return scores
