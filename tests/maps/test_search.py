"""The search, on windows of real motion and on predictions made by hand."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from acclimate.exporters import Session, SessionPredictor
from acclimate.framework import Schema, Task
from acclimate.framework.batch import Batch, Outputs, Side
from acclimate.framework.data import FeaturesPreprocessing, Row, Samples, Table, open_table
from acclimate.framework.data.input_maps import Affine
from acclimate.framework.errors import RunError
from acclimate.framework.evaluation.prediction import Predictor
from acclimate.framework.maps import (
    Candidate,
    FoundMaps,
    MapGroup,
    Unlabelled,
    information,
    modality_agreement,
    search_maps,
)
from acclimate.framework.maps.scores import softmax
from acclimate.framework.validators.information_maximisation import information_maximisation
from acclimate.framework.validators.modality_agreement import modality_agreement as agreement_of_tensors
from numpy.typing import NDArray

ROWS = 100


@pytest.fixture(scope="module")
def arm() -> tuple[Predictor, Samples, Samples]:
    """Source-only, trained on the right arm, and windows of the left arm: to search by, and to be judged by."""
    session = Session(str(files("acclimate.zoo") / "checkpoints/source-only.wrist"))
    table = open_table("wrist").select("left_arm")
    return (
        SessionPredictor(session),
        Samples(table.select(split="train"), session.schema, labelled=False),
        Samples(table.select(split="test"), session.schema, labelled=True),
    )


def accuracy(predict: Predictor, samples: Samples, found: FoundMaps) -> float:
    arrays = samples.batch(range(len(samples)))
    inputs = {
        name: found.maps[name](values) if name in found.maps else values for name, values in arrays.inputs.items()
    }
    assert arrays.labels is not None
    logits = predict(inputs, arrays.present, arrays.lengths)["label"]["joint"]
    return float((logits.argmax(axis=1) == arrays.labels["label"]).mean())


def test_the_other_arm_is_found_to_be_a_mirror_image(arm: tuple[Predictor, Samples, Samples]) -> None:
    """Nothing says left or right but the signals: the accuracy of a model whose weights stay goes from .1 to .7."""
    predict, target, test = arm
    found = search_maps(predict, target, generator=np.random.default_rng(0), rows=ROWS)
    assert [step.name for step in found.steps] == ["mirrored in x"]
    assert found.steps[0].interval.low > 0
    assert found.after["information_maximisation"] > found.before["information_maximisation"]
    before = accuracy(predict, test, FoundMaps({}, (), {}, {}, rows=0))
    assert before < 0.2
    assert accuracy(predict, test, found) > 0.6


def test_labels_of_the_target_change_nothing(arm: tuple[Predictor, Samples, Samples]) -> None:
    predict, target, _ = arm
    few = target.table.where(np.arange(len(target)) < 24)
    labels = [row.labels for row in open_table("wrist").select("left_arm", "train").rows[:24]]
    shuffled = np.random.default_rng(0).permutation(24)
    texts = []
    for order in (np.arange(24), shuffled):
        rows = [
            Row(line=row.line, id=row.id, domain=row.domain, split="train", labels=labels[at], cells=row.cells)
            for row, at in zip(few.rows, order, strict=True)
        ]
        table = Table(rows, few.root, few.modalities, ("label",))
        samples = Samples(table, target.schema, labelled=True)
        texts.append(repr(search_maps(predict, samples, generator=np.random.default_rng(0), rows=24).to_json()))
    assert texts[0] == texts[1]


class Shift(MapGroup):
    """Of one modality, so much."""

    def __init__(self, modality: str, *amounts: float) -> None:
        super().__init__([modality])
        self.amounts = amounts

    def candidates(self, seen: Unlabelled) -> list[Candidate]:
        """One of each amount."""
        assert seen.target.labels is None
        assert seen.values(self.modalities[0]).shape[1] == 1
        maps = [Affine(f"moved by {amount:g}", (1.0,), (amount,)) for amount in self.amounts]
        return [Candidate(found.name, {self.modalities[0]: found}) for found in maps]


TASKS = (Task("mood", ("bad", "good")),)
SCHEMA = Schema({name: FeaturesPreprocessing(mean=[0.0], std=[1.0]) for name in ("face", "voice")}, TASKS)


class Threshold:
    """Says good above 0, the surer the farther from there; counts the rows that it was asked of."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        present: NDArray[np.bool_],
        lengths: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> dict[str, dict[str, NDArray[np.float32]]]:
        """Logits of each modality by itself, and their sum."""
        self.rows += len(present)
        logits = {name: np.hstack([-values, values]) for name, values in inputs.items()}
        masked = [np.where(present[:, [at]], values, 0.0) for at, values in enumerate(logits.values())]
        return {"mood": {**logits, "joint": np.sum(masked, axis=0).astype(np.float32)}}


def made(folder: Path, centres: tuple[float, float] = (3.0, 7.0), groups: int = 0, rows: int = 40) -> Samples:
    """Rows of two classes around two centres, in both modalities."""
    generator = np.random.default_rng(0)
    face, voice = np.array(centres)[np.arange(rows) % 2] + 0.1 * generator.standard_normal((2, rows))
    np.savez(folder / "made.npz", face=face[:, np.newaxis], voice=voice[:, np.newaxis])
    columns = [
        Row(
            line=at,
            id=str(at),
            domain="t",
            split="train",
            labels={},
            cells={name: f"made.npz:{name}[{at}]" for name in ("face", "voice")},
            group=str(at % groups) if groups else None,
        )
        for at in range(rows)
    ]
    return Samples(Table(columns, folder, ("face", "voice"), ()), SCHEMA, labelled=False)


def test_each_modality_is_searched_by_itself(tmp_path: Path) -> None:
    """Around 3 and 7, all is good; moved by -5, half of it is. The face alone would be outvoted by the voice."""
    groups = [Shift("face", -5.0, 4.0), Shift("voice", 4.0, -5.0)]
    found = search_maps(Threshold(), made(tmp_path), groups)
    assert [step.name for step in found.steps] == ["moved by -5", "moved by -5"]
    assert [step.tried for step in found.steps] == [3, 3]
    assert found.before["information_maximisation"] == pytest.approx(0.0, abs=1e-3)
    assert found.after["information_maximisation"] == pytest.approx(np.log(2), abs=1e-2)
    assert found.describe()[0].startswith("face: moved by -5, best of 3 maps: information +0.")


def test_what_is_good_stays_as_it_is(tmp_path: Path) -> None:
    found = search_maps(Threshold(), made(tmp_path, (-2.0, 2.0)), [Shift("face", -5.0, 4.0), Shift("voice", 4.0)])
    assert found.is_identity
    assert not found.maps
    assert found.before == found.after
    assert found.describe() == [
        "face: as it is, which is best of 3 maps",
        "voice: as it is, which is best of 2 maps",
    ]


def test_a_gain_that_is_not_sure_is_no_gain(tmp_path: Path) -> None:
    """Of two speakers, a bootstrap often draws one twice: then the map has nothing to say, though all rows do."""
    one_class_each = made(tmp_path, groups=2)
    unsure = search_maps(Threshold(), one_class_each, [Shift("face", -12.0)])
    assert unsure.is_identity
    assert unsure.steps[0].best == "moved by -12"
    assert "the best of 2 maps, moved by -12, is not surely better" in unsure.describe()[0]
    assert not search_maps(Threshold(), made(tmp_path), [Shift("face", -12.0)]).is_identity


def test_ranks_heed_agreement_too(tmp_path: Path) -> None:
    """By information alone, the face is moved far and outvotes the voice; by ranks, not so."""
    samples, groups = made(tmp_path), [Shift("face", -12.0, -10.0)]
    sure = search_maps(Threshold(), samples, groups)
    ranks = search_maps(Threshold(), samples, groups, score="ranks")
    assert sure.steps[0].best in {"moved by -12", "moved by -10"}
    assert ranks.after["modality_agreement"] >= sure.after["modality_agreement"]


def test_few_rows_are_drawn_where_there_are_many(tmp_path: Path) -> None:
    predict = Threshold()
    found = search_maps(predict, made(tmp_path), [Shift("face", -5.0)], rows=10)
    assert found.rows == 10
    assert predict.rows == 20


def test_most_maps_are_tried_on_few_rows(tmp_path: Path) -> None:
    """Of 41 maps on 500 rows, 8 and the identity are tried on all."""
    predict = Threshold()
    found = search_maps(predict, made(tmp_path, rows=500), [Shift("face", *range(-36, 4))], rows=500)
    assert predict.rows == 500 + 41 * 200 + 8 * 500
    assert found.steps[0].tried == 41


def test_the_same_generator_finds_the_same(tmp_path: Path) -> None:
    samples, groups = made(tmp_path), [Shift("face", -5.0), Shift("voice", -5.0)]
    first, again = (
        search_maps(Threshold(), samples, groups, np.random.default_rng(3), rows=20).to_json() for _ in range(2)
    )
    assert repr(first) == repr(again)


def test_numbers_alone_are_not_searched(tmp_path: Path) -> None:
    samples = made(tmp_path)
    numbers = Samples(samples.table, attrs.evolve(SCHEMA, tasks=(Task("age"),)), labelled=False)
    with pytest.raises(RunError, match="no task has classes"):
        search_maps(Threshold(), numbers)


def test_logits_that_diverged_are_refused(tmp_path: Path) -> None:
    class Broken(Threshold):
        def __call__(
            self,
            inputs: Mapping[str, NDArray[Any]],
            present: NDArray[np.bool_],
            lengths: Mapping[str, NDArray[np.int64]] | None = None,
        ) -> dict[str, dict[str, NDArray[np.float32]]]:
            said = super().__call__(inputs, present, lengths)
            said["mood"]["joint"][3] = np.nan
            return said

    with pytest.raises(RunError, match="logits must be finite"):
        search_maps(Broken(), made(tmp_path), [Shift("face", -5.0)])


def test_maps_are_added_before_those_that_are_there(tmp_path: Path) -> None:
    found = search_maps(Threshold(), made(tmp_path), [Shift("face", -5.0), Shift("face", 0.1)])
    schema = found.added_to(attrs.evolve(SCHEMA, maps={"face": Affine("double", (2.0,), (0.0,))}))
    assert schema.maps["face"].name.endswith("double")
    assert list(schema.maps) == ["face"]


@pytest.mark.parametrize("seed", range(3))
def test_numpy_and_torch_score_alike(seed: int) -> None:
    """The validators of a run, and the search: one formula."""
    generator = np.random.default_rng(seed)
    logits = {name: generator.normal(scale=3, size=(40, 5)) for name in ("a", "b", "joint")}
    present = generator.random((40, 2)) < 0.7
    present[~present.any(axis=1), 0] = True
    assert information(softmax(logits["joint"]))[0] == pytest.approx(
        information_maximisation(torch.from_numpy(logits["joint"])), abs=1e-12
    )
    tensors = {name: torch.from_numpy(values) for name, values in logits.items()}
    batch = Batch(
        inputs={name: torch.zeros(40, 1) for name in "ab"},
        present=torch.from_numpy(present),
        domain=torch.zeros(40, dtype=torch.long),
        index=torch.arange(40),
        ids=tuple(map(str, range(40))),
    )
    side = Side(batch, Outputs({}, {"task": tensors}, {}))
    assert modality_agreement(logits, present) == pytest.approx(agreement_of_tensors(side, "task"), abs=1e-12)


def test_information_of_a_resample_is_that_of_its_rows() -> None:
    probabilities = softmax(np.random.default_rng(0).normal(size=(6, 3)))
    counts = np.array([[2.0, 0.0, 1.0, 1.0, 0.0, 2.0]])
    rows = probabilities[[0, 0, 2, 3, 5, 5]]
    np.testing.assert_allclose(information(probabilities, counts), information(rows))
