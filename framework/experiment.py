"""From a table of files to an adapted model: open the data, build the method, train, compare with source-only."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import attrs
from accelerate import Accelerator

from .adaptation import Adapted, adapt
from .builder import Builder
from .checkpoint import load_weights
from .data import Augmentation, Loader, Problem, Samples, Schema, Table, carve_validation, find_bad_rows, leave_out
from .display import Display
from .distributed import on_main
from .domains import Domains
from .errors import DataError, RunError
from .method import Method
from .oracle import Oracle
from .own_sources import own_sources
from .recipe import Recipe, Stage, parse_recipe
from .recipe_files import read_recipe
from .run import BEST, RunFolder
from .selection import COMPARABLE
from .skipped import settle_skipped

if TYPE_CHECKING:
    from .interfaces import Encoder
    from .trunk_cache import TrunkCache

Reference: TypeAlias = Path | Literal["train"] | None

_OWN_TO_A_METHOD: Final = ("aligners.", "balancers.", "model.fusion.", "parts.", "selector.")
"""What the names of parameters begin with that source-only does not have."""


def _to_names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@attrs.frozen(eq=False)
class Experiment:
    """Which table, which domains, which recipe.

    Args:
        recipe: the method.
        table: all rows.
        source: domains with labels.
        target: domain to adapt to, or to look at only where the recipe is one of generalisation; None means there is
            none.
        seed: of weights, order of samples, and validation rows.
        preprocessing: fields of a modality's preprocessing that are known, by modality or kind of input; before those
            that the recipe knows.
        workers: processes that read samples ahead.
        name: of the table, as the run folder remembers it: a path, or the name of a built-in data set.
        skipped: problems of the rows that the run leaves out; None means that every row must be good.

    Raises:
        DataError: if the target is one of the sources, whose labels are used.
    """

    recipe: Recipe
    table: Table
    source: tuple[str, ...] = attrs.field(converter=_to_names)
    target: str | None = None
    seed: int = 0
    preprocessing: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)
    workers: int = 0
    name: str = ""
    skipped: Sequence[Problem] | None = None

    def __attrs_post_init__(self) -> None:
        if self.target in self.source:
            raise DataError(f"target must not be one of the sources {', '.join(self.source)}, but got {self.target!r}")

    def open(self, *, pin: bool = False) -> tuple[Schema, Domains]:
        """Fit the schema on the source's training rows, and make the loaders.

        Args:
            pin: whether batches are put into page-locked memory, as is good for training on a GPU.

        Raises:
            DataError: if a domain or split is missing, or a file cannot be read.
        """
        training, validation = self._source_rows()
        schema = Schema.fit(training, self._known())
        target = self._target_rows()
        unlabelled = None if target is None else Samples(target, schema, labelled=False)
        load = partial(self._loader, pin=pin)
        augment = self.recipe.training.augment
        augmented = partial(load, augmentation=Augmentation.parse(augment, schema, self.seed) if augment else None)
        return schema, Domains(
            source=augmented(Samples(training, schema, labelled=True), shuffle=True),
            validation=load(Samples(validation, schema, labelled=True), shuffle=False),
            target=None if unlabelled is None else augmented(unlabelled, shuffle=True),
            target_in_order=None if unlabelled is None else load(unlabelled, shuffle=False),
        )

    def find_bad_rows(self) -> tuple[Problem, ...]:
        """Read every file that training will read; see the function of this name."""
        source, target = self.table.select(self.source), self._target_rows()
        others = [source.select(split="validation")] if "validation" in source.splits else []
        return find_bad_rows(
            source.select(split="train"), [*others, *([] if target is None else [target])], self._known()
        )

    def build(self, recipe: Recipe, schema: Schema, domains: Domains) -> Method:
        """Build a recipe's Method for the data."""
        return Builder(recipe).build(schema, domains.sizes, self.seed)

    def config(self, schema: Schema, domains: Domains) -> dict[str, Any]:
        """What a run folder must know to rebuild the model and find the data again."""
        skipped = {} if self.skipped is None else {"skipped": len(self.skipped)}
        return {
            "data": {"table": self.name, "source": list(self.source), "target": self.target, **skipped},
            "schema": schema.to_config(),
            "samples": domains.sizes,
        }

    def _known(self) -> dict[str, Mapping[str, object]]:
        return {**self.recipe.data.preprocessing, **self.preprocessing}

    def _source_rows(self) -> tuple[Table, Table]:
        rows = leave_out(self.table.select(self.source), self.skipped or (), labelled=True)
        training = rows.select(split="train")
        if "validation" in rows.splits:
            return training, rows.select(split="validation")
        return carve_validation(training, self.recipe.training.validation, self.seed)

    def _target_rows(self) -> Table | None:
        if self.target is None:
            return None
        return leave_out(self.table.select(self.target, "train"), self.skipped or (), labelled=False)

    def _loader(
        self, samples: Samples, *, shuffle: bool, pin: bool, augmentation: Augmentation | None = None
    ) -> Loader:
        domains = (*self.source, *([] if self.target is None else [self.target]))
        return Loader(
            samples,
            self.recipe.training.batch_size,
            shuffle=shuffle,
            seed=self.seed,
            domains=domains,
            workers=self.workers,
            pin=pin,
            augmentation=augmentation,
        )


@attrs.frozen(eq=False)
class Comparison:
    """A run, and how its target-side scores stand against source-only.

    Args:
        adapted: the run.
        schema: of its data.
        reference: target-side scores of source-only; empty where there is nothing to compare.
        skipped: problems of the rows that were left out.
    """

    adapted: Adapted
    schema: Schema
    reference: Mapping[str, float]
    skipped: Sequence[Problem] = ()

    @property
    def falls_below(self) -> dict[str, tuple[float, float]]:
        """Comparable target-side scores that are lower than those of source-only: score -> (source-only, this run)."""
        found = self.adapted.best.target
        return {
            name: (before, found[name])
            for name, before in self.reference.items()
            if name in found and name in COMPARABLE and found[name] < before
        }

    def to_json(self) -> dict[str, Any]:
        """As plain data, for summary.json."""
        return {
            "best": self.adapted.best.to_json(),
            "source_only": dict(self.reference),
            "falls_below_source_only": self.falls_below,
            "skipped_rows": len({(problem.line, problem.id) for problem in self.skipped}),
            "seconds": self.adapted.seconds,
        }


def adapt_table(
    experiment: Experiment,
    out: Path,
    *,
    resume: bool = False,
    reference: Reference = "train",
    initial: Path | None = None,
    accelerator: Accelerator | None = None,
    display: Display | None = None,
    checkpoint_every: int | None = None,
    oracle: Callable[[Schema], Oracle] | None = None,
    skip_bad: bool = False,
    trunk_cache: "TrunkCache | None" = None,
) -> Comparison:
    """Adapt to a target of a table, and say how the result stands against source-only.

    Args:
        experiment: what to do.
        out: run folder.
        resume: go on with the run that is there.
        reference: the run folder of a source-only model to compare with; "train" trains one, with the same model and
            optimiser, in `out/source-only`; None compares with nothing.
        initial: run folder of a source model to start from.
        accelerator: device, precision, processes.
        display: shows progress.
        checkpoint_every: steps between checkpoints within an epoch.
        oracle: makes, once the schema is known, what reports on the target's labels beside each epoch of the run.
        skip_bad: leave out rows whose files cannot be used. Every file is read before training starts; skipped.json in
            the run folder says which rows, and why. A resumed run leaves out the same ones.
        trunk_cache: keeps what frozen trunks make of samples. It changes results by rounding only, so a run may go on
            with another one, or none.

    Raises:
        AcclimateError: one line that names what is wrong.
    """
    # Read before hours of training, not after.
    scores = _summary_scores(reference) if isinstance(reference, Path) else {}
    if skip_bad:
        experiment = attrs.evolve(experiment, skipped=settle_skipped(experiment.find_bad_rows, out, resume=resume))
    schema, domains = experiment.open(pin=accelerator is not None and accelerator.device.type == "cuda")

    def train(recipe: Recipe, folder: Path, initial: Path | None, oracle: Oracle | None = None) -> Adapted:
        method = experiment.build(recipe, schema, domains)
        if trunk_cache is not None:
            method.model.cache_trunks(trunk_cache, recipe.training.augment)
        if initial is not None:
            load_model_weights(method, initial)
        return adapt(
            method,
            recipe,
            domains if recipe.uses_target else attrs.evolve(domains, target=None),
            folder,
            seed=experiment.seed,
            config=experiment.config(schema, domains)
            | {"initial": None if initial is None else str(initial)}
            | _portable(method)
            | _sources(recipe),
            resume=resume,
            accelerator=accelerator,
            display=display,
            checkpoint_every=checkpoint_every,
            oracle=oracle,
        )

    adapted = train(experiment.recipe, out, initial, None if oracle is None else oracle(schema))
    if reference == "train" and experiment.recipe.uses_target:
        scores = train(source_only(experiment.recipe), out / "source-only", None).best.target
    comparison = Comparison(adapted, schema, scores, experiment.skipped or ())
    on_main(lambda: RunFolder.open(out).write_json("summary.json", comparison.to_json()))
    return comparison


def source_only(recipe: Recipe) -> Recipe:
    """The recipe that trains the same encoders as long on the source alone.

    The modalities are fused by source-only's own sum of logits, not by the method's Fusion: that may only mean
    something with the losses that train it.
    """
    epochs = sum(stage.epochs * stage.rounds for stage in recipe.stages)
    groups = recipe.training.parameter_groups
    baseline = read_recipe("source-only")
    return attrs.evolve(
        baseline,
        model=attrs.evolve(baseline.model, encoders=recipe.model.encoders, projection=recipe.model.projection),
        stages=(Stage("source", epochs=epochs, target=False),),
        data=recipe.data,
        # The other parts of the method, and with them their parameters, are gone.
        training=attrs.evolve(
            recipe.training,
            parameter_groups={key: value for key, value in groups.items() if not key.startswith(_OWN_TO_A_METHOD)},
        ),
    )


def load_run(path: Path, checkpoint: str = BEST) -> tuple[Method, Schema, Recipe]:
    """The method of a run, with the weights of a checkpoint.

    Args:
        path: run folder.
        checkpoint: "best" or "last".

    Raises:
        RunError: if there is no such run or checkpoint, or it does not fit its own configuration.
    """
    folder = RunFolder.open(path)
    config = folder.config()
    try:
        recipe, schema = parse_recipe(config["recipe"], f"{path}: recipe"), Schema.from_config(config["schema"])
    except KeyError as error:
        raise RunError(f"{path}: config.yaml lacks the key {error}") from error
    whole = without_files(recipe, schema, config.get("encoders", {}))
    method = Builder(whole).build(schema, config.get("samples", {}))
    load_weights(method, folder.load(checkpoint).under("method."), f"{path}: {checkpoint}")
    return method, schema, recipe


def _portable(method: Method) -> dict[str, Any]:
    """What a run must know of its encoders where it is opened without the files they began from."""
    encoders = {name: cast("Encoder", encoder) for name, encoder in method.model.encoders.items()}
    found = {name: encoder.portable_arguments() for name, encoder in encoders.items()}
    changes = {name: arguments for name, arguments in found.items() if arguments}
    return {"encoders": changes} if changes else {}


def _sources(recipe: Recipe) -> dict[str, Any]:
    """With code of the user's own that has changed, a run is not gone on with."""
    sources = own_sources(recipe)
    return {"sources": sources} if sources else {}


def without_files(recipe: Recipe, schema: Schema, changes: Mapping[str, Mapping[str, Any]]) -> Recipe:
    """The recipe with arguments of encoders that stand for files which are no longer needed."""
    encoders = dict(recipe.model.encoders)
    for modality, arguments in changes.items():
        kind = schema.preprocessing[modality].kind
        spec = encoders.get(modality) or encoders[kind]
        encoders[modality] = attrs.evolve(spec, init_args={**spec.init_args, **arguments})
    return attrs.evolve(recipe, model=attrs.evolve(recipe.model, encoders=encoders))


def load_model_weights(method: Method, path: Path) -> None:
    """Start a method's model from the best checkpoint of a run; other parts keep their first weights."""
    load_weights(method.model, RunFolder.open(path).load(BEST).under("method.model."), str(path))


def _summary_scores(path: Path) -> Mapping[str, float]:
    summary = RunFolder.open(path).path / "summary.json"
    if not summary.is_file():
        raise RunError(f"{path} has no summary.json: the run has not ended")
    try:
        scores: Mapping[str, float] = json.loads(summary.read_text(encoding="utf-8"))["best"]["target"]
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{summary} is damaged: {error}") from error
    return scores
