"""Estimates of models whose errors are planted: what is right, how often intervals hold it, and what they refuse."""

from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework.consensus.opinion import cast_votes
from acclimate.framework.data import Samples, Schema, read_table
from acclimate.framework.estimation.consensus import Consensus
from acclimate.framework.estimation.describe import describe
from acclimate.framework.estimation.estimate import Estimate, Gain
from acclimate.framework.estimation.estimates import estimate
from acclimate.framework.estimation.observation import Observation, observe
from acclimate.framework.estimation.panel import Panel, jackknife_error
from acclimate.framework.estimation.resamples import Resamples
from acclimate.framework.estimation.sides import Sides
from acclimate.framework.evaluation.group_bootstrap import count_groups, draw_group_counts
from acclimate.framework.evaluation.intervals import Confidence, Interval
from acclimate.framework.evaluation.prediction import Predicted
from acclimate.framework.layout import JOINT, Task
from estimation.planted import TASK, WHOLE, observation

CONFIDENCE = Confidence(resamples=100)
FEW = Confidence(resamples=5)
ERRORS = [(0.5, 0.2), (0.4, 0.3), (0.3, 0.35), (0.6, 0.1), (0.45, 0.45)]


def labels(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(4, size=rows, p=[0.4, 0.3, 0.2, 0.1])


def right(model: Observation, truth: np.ndarray) -> float:
    return float((model.at("target").logits["digit"][JOINT].argmax(axis=1) == truth).mean())


def test_a_consensus_knows_how_often_each_model_is_right() -> None:
    source, target = labels(400, 0), labels(1500, 1)
    models = [observation(source, target, errors, seed) for seed, errors in enumerate(ERRORS)]
    found = estimate(models[0], TASK, {f"model {seed}": model for seed, model in enumerate(models[1:])}, CONFIDENCE)
    truths = [right(model, target) for model in models]
    estimates = [found.best, *found.others.values()]
    assert [one.accuracy for one in estimates] == pytest.approx(truths, abs=0.03)
    assert all(one.interval.low <= truth <= one.interval.high for one, truth in zip(estimates, truths, strict=True))
    assert {one.method for one in estimates} == {"consensus"}
    for gain, truth in zip(found.gains.values(), truths[1:], strict=True):
        assert gain.interval.low <= truths[0] - truth <= gain.interval.high
    assert list(found.class_prior.values()) == pytest.approx(np.bincount(target) / 1500, abs=0.03)
    assert next(iter(found.by_method)) == "consensus"
    assert set(found.by_method) == {
        "consensus",
        "average_thresholded_confidence",
        "difference_of_confidences",
        "mean_confidence",
        "agreement_with_ensemble",
        "generalisation_disagreement",
        "agreement_on_the_line",
    }


def test_a_class_that_is_hard_in_itself_is_corrected_by_the_source() -> None:
    """Three rows in ten look like another class, to all models: they agree, and only labels tell."""
    generator = np.random.default_rng(5)
    looks = {side: labels(rows, seed) for side, rows, seed in (("source", 800, 2), ("target", 2000, 3))}
    truth = {side: np.where(generator.random(len(seen)) < 0.3, (seen + 1) % 4, seen) for side, seen in looks.items()}
    models = [
        observation(looks["source"], looks["target"], errors, seed, shown=truth["source"])
        for seed, errors in enumerate(ERRORS)
    ]
    found = estimate(models[0], TASK, dict(zip("abcd", models[1:], strict=True)), CONFIDENCE)
    assert found.correction == pytest.approx(0.7, abs=0.05)
    assert found.best.accuracy == pytest.approx(right(models[0], truth["target"]), abs=0.04)
    assert found.best.accuracy / found.correction > right(models[0], truth["target"]) + 0.1


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of twelve small tables. They may hold it more often: who was asked is part of them."""
    held = []
    for seed in range(12):
        source, target = labels(80, 2 * seed), labels(120, 2 * seed + 1)
        models = [observation(source, target, errors, 100 * seed + one) for one, errors in enumerate(ERRORS)]
        opinions = [[model.opinion(side) for model in models] for side in ("target", "source")]
        resamples = Resamples.draw(models[0], CONFIDENCE)
        panel = Panel.ask(opinions[0], opinions[1], source, TASK, resamples)
        votes = cast_votes([models[0].opinion("target")], "digit")[0]
        found = panel.estimate(votes, np.arange(120)).interval
        # Of all rows that there could be, image errs on a fifth, and audio never outvotes it.
        held.append(found.low <= 0.8 <= found.high)
    assert sum(held) >= 10


def test_a_model_by_itself_says_that_it_is_weak_and_spans_what_methods_say() -> None:
    source, target = labels(200, 0), labels(300, 1)
    found = estimate(observation(source, target, ERRORS[0], 0), TASK, confidence=CONFIDENCE)
    assert found.best.method == "modality_heads"
    assert any("weak" in doubt for doubt in found.doubts)
    others = list(found.by_method.values())[1:]
    assert found.best.interval.low <= min(one.interval.low for one in others)
    assert found.best.interval.high >= max(one.interval.high for one in others)


def test_subsets_are_judged_on_the_rows_that_have_them() -> None:
    source, target = labels(400, 0), labels(1000, 1)
    models = [observation(source, target, errors, seed) for seed, errors in enumerate(ERRORS)]
    found = estimate(models[0], TASK, dict(zip("abcd", models[1:], strict=True)), CONFIDENCE)
    assert list(found.subsets) == [WHOLE, ("image",)]
    votes = models[0].at("target", ("image",)).logits["digit"][JOINT].argmax(axis=1)
    assert found.subsets[("image",)].estimate.accuracy == pytest.approx((votes == target).mean(), abs=0.04)
    confusion = found.subsets[WHOLE].confusion
    assert np.trace(confusion) == pytest.approx(found.best.accuracy)
    fused = models[0].at("target").logits["digit"][JOINT].argmax(axis=1)
    assert confusion.sum(axis=0) == pytest.approx(np.bincount(fused, minlength=4) / 1000)
    counted = np.zeros((4, 4))
    np.add.at(counted, (target, fused), 1 / 1000)
    assert confusion == pytest.approx(counted, abs=0.03)


def test_rows_of_one_group_are_drawn_together() -> None:
    source, target = labels(300, 0), labels(600, 1)
    grouped = [f"speaker {row // 60}" for row in range(600)]
    models = [observation(source, target, errors, seed, groups=grouped) for seed, errors in enumerate(ERRORS)]
    found = estimate(models[0], TASK, dict(zip("abcd", models[1:], strict=True)), CONFIDENCE)
    assert (found.best.rows, found.best.groups) == (600, 10)
    counts = draw_group_counts(grouped, Confidence(resamples=50))
    assert (counts.reshape(50, 10, 60) == counts.reshape(50, 10, 60)[:, :, :1]).all()
    assert (counts.sum(axis=1) == 600).all()
    assert count_groups([*grouped, None]) == 11


def test_a_group_bootstrap_spreads_as_means_of_groups_do() -> None:
    values = np.random.default_rng(0).normal(size=40).repeat(5)
    counts = draw_group_counts([f"{row // 5}" for row in range(200)], Confidence(resamples=4000))
    means = counts @ values / counts.sum(axis=1)
    assert means.std() == pytest.approx(values.std() / np.sqrt(40), rel=0.05)
    assert values.std() / np.sqrt(200) < means.std() / 2


def test_a_consensus_is_worth_what_it_is_right_on_the_source() -> None:
    consensus = Consensus(np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0.9, 0.9, 0.6]), np.array([True, True, False]))
    assert consensus.correction == pytest.approx((2 / 3) / 0.8)
    assert consensus.accuracy(np.array([0, 0])) == pytest.approx(0.6 * (2 / 3) / 0.8)
    assert consensus.accuracy(np.array([1]), np.array([1])) == pytest.approx(0.6 * (2 / 3) / 0.8)
    drawn = consensus.resample(
        np.array([0, 0]), np.arange(2), np.array([[2, 0], [0, 2]]), np.array([[1, 1, 1], [0, 0, 3]])
    )
    assert drawn == pytest.approx([0.8 * (2 / 3) / 0.8, 0])
    humble = Consensus(consensus.posterior, np.array([0.5]), np.array([True]))
    assert humble.correction == pytest.approx(1)


def test_leaving_out_models_moves_an_estimate_by_the_jackknife() -> None:
    values = [0.7, 0.75, 0.6]
    mean = sum(values) / 3
    assert jackknife_error(values) == pytest.approx((2 / 3 * sum((value - mean) ** 2 for value in values)) ** 0.5)
    assert jackknife_error([]) == pytest.approx(0)


def test_an_estimate_says_in_words_what_it_is() -> None:
    source, target = labels(200, 0), labels(90, 1)
    models = [observation(source, target, errors, seed) for seed, errors in enumerate(ERRORS)]
    found = estimate(models[3], TASK, {"source-only": models[4]}, CONFIDENCE)
    text = describe(found, "here")
    assert f"estimated accuracy {found.best} on 90 rows (here); no label of them was read" in text
    assert "of source-only; difference" in text
    assert found.best.assumption in text
    assert "DOUBT: the target has 90 rows" in text
    assert "DOUBT: 2 models are few" in text
    plain = found.to_json()
    assert plain["fused"]["accuracy"] == pytest.approx(found.best.accuracy)
    assert plain["gains"]["source-only"]["verdict"] == found.gains["source-only"].verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.2, "probably helped"), (-0.2, -0.01, "probably harmed"), (-0.1, 0.1, "cannot be told apart")],
)
def test_a_gain_is_judged_by_its_interval(low: float, high: float, verdict: str) -> None:
    assert Gain((low + high) / 2, Interval(low, high)).verdict == verdict


def test_a_vanished_class_is_said() -> None:
    source, target = labels(200, 0), np.minimum(labels(400, 1), 1)
    models = [observation(source, target, (0.05, 0.05), seed) for seed in range(4)]
    found = estimate(models[0], TASK, dict(zip("abc", models[1:], strict=True)), CONFIDENCE)
    assert "next to no row is probably of 'three', 'four'" in found.doubts


def test_what_does_not_fit_is_refused() -> None:
    source, target = labels(50, 0), labels(60, 1)
    model, shorter = observation(source, target, ERRORS[0], 0), observation(source, target[1:], ERRORS[1], 1)
    with pytest.raises(ValueError, match="task must have classes, but 'age' is a number"):
        estimate(model, Task("age"))
    with pytest.raises(ValueError, match="models must have seen the same rows"):
        estimate(model, TASK, {"shorter": shorter})
    with pytest.raises(ValueError, match="same tasks and classes"):
        estimate(model, TASK, {"other": attrs.evolve(model, tasks=(Task("digit", tuple("abcd")),))})
    with pytest.raises(ValueError, match="target must hold no labels"):
        attrs.evolve(model, target=model.source)
    with pytest.raises(ValueError, match="rows of the target must have one of audio, but none has"):
        attrs.evolve(model, target={WHOLE: model.at("target"), ("audio",): None}).at("target", ("audio",))


def test_resamples_of_one_seed_are_the_same() -> None:
    model = observation(labels(50, 0), labels(60, 1), ERRORS[0], 0)
    one, other = (Resamples.draw(model, CONFIDENCE) for _ in range(2))
    assert (one.source == other.source).all()
    assert (one.target == other.target).all()


HEADER = "id,domain,split,label.digit,meta.group,gaze"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    lines = [HEADER]
    for row in range(120):
        label = row % 3
        np.save(tmp_path / f"{row}.npy", (2 * np.eye(3)[label] + generator.normal(size=3)).astype(np.float32))
        split = "train" if row % 4 else "test"
        lines.append(f"row{row},{'here' if row < 60 else 'there'},{split},{'abc'[label]},,{row}.npy")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "table.csv"


def look(path: Path) -> Observation:
    source, target = Sides(data=str(path), source="here", target="there").open()
    plain = {"gaze": {"mean": (0.0,) * 3, "std": (1.0,) * 3}}
    schema = Schema.fit(read_table(path).select("here", "train"), plain)

    def predict(inputs: object, _present: object, _lengths: object = None) -> dict[str, dict[str, object]]:
        assert isinstance(inputs, dict)
        return {"digit": {"gaze": inputs["gaze"], JOINT: inputs["gaze"]}}

    return observe(predict, Samples(source, schema, labelled=True), Samples(target, schema, labelled=False))


def test_labels_of_the_target_change_nothing(table: Path) -> None:
    """They are shuffled, and taken away; those of the source are what it is held against."""
    first = look(table)
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines]
    there = [cell[3] for cell in cells if cell[1] == "there"]
    results = [estimate(first, first.tasks[0], confidence=FEW).to_json()]
    for changed in (there[1:] + there[:1], [""] * len(there)):
        others = iter(changed)
        written = [",".join([*cell[:3], next(others) if cell[1] == "there" else cell[3], *cell[4:]]) for cell in cells]
        table.write_text("\n".join([head, *written]) + "\n", encoding="utf-8")
        results.append(estimate(look(table), first.tasks[0], confidence=FEW).to_json())
    assert results[0] == results[1] == results[2]
    wrong = attrs.evolve(
        first,
        source={
            key: Predicted(one.logits, {"digit": (one.labels["digit"] + 1) % 3}, one.present, one.rows)
            for key, one in first.source.items()
            if one is not None
        },
    )
    assert estimate(wrong, first.tasks[0], confidence=FEW).to_json() != results[0]


def test_rows_of_the_source_are_those_that_no_run_trains_on(table: Path) -> None:
    source, target = Sides(data=str(table), source="here", target="there", seed=3).open()
    # Of 45 training rows, 15 % are carved for validation, and the 15 of split test are there too.
    assert (len(source), len(target)) == (15 + round(0.15 * 45), 45)
    assert not any(row.labels for row in target.rows)
    assert all(row.labels for row in source.rows)
    tested, _ = Sides(data=str(table), source="here", target="there", source_split="test").open()
    assert {row.split for row in tested.rows} == {"test"}


def test_samples_with_labels_are_no_target(table: Path) -> None:
    rows = read_table(table).select("here")
    samples = Samples(rows, Schema.fit(rows), labelled=True)
    with pytest.raises(ValueError, match="target must be unlabelled"):
        observe(lambda *_: {}, samples, samples)


def test_an_estimate_is_printed_in_two_digits() -> None:
    assert str(Estimate(1.0, Interval(0.996, 1.0), "consensus", 10)) == "1.00 (1.00 to 1.00)"
