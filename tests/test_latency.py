"""Timing of subsets: what the model is given, in which order, and what is made of the times."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.framework.data import Samples, Schema, Table, read_table
from acclimate.framework.data.preprocessing import FeaturesPreprocessing, SignalPreprocessing
from acclimate.framework.evaluation.latency import time_subsets
from acclimate.framework.evaluation.prediction import Logits
from acclimate.framework.layout import Task
from numpy.typing import NDArray

MODALITIES = ("gaze", "motion", "touch")
SCHEMA = Schema(
    {
        "gaze": FeaturesPreprocessing(mean=[0.0] * 2, std=[1.0] * 2),
        "motion": SignalPreprocessing(length=6, mean=[0.0], std=[1.0]),
        "touch": FeaturesPreprocessing(mean=[0.0], std=[1.0]),
    },
    (Task("label", ("a", "b")),),
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Five rows: the first has gaze alone, the second motion alone, the others both; none has touch."""
    folder = tmp_path_factory.mktemp("table")
    lines = ["id,domain,split,label,gaze,motion,touch"]
    for row in range(5):
        np.save(folder / f"gaze{row}.npy", np.full(2, row + 1.0))
        np.save(folder / f"motion{row}.npy", np.full((row + 2, 1), row + 1.0))
        gaze, motion = "" if row == 1 else f"gaze{row}.npy", "" if row == 0 else f"motion{row}.npy"
        lines.append(f"{row},kitchen,test,,{gaze},{motion},")
    (folder / "table.csv").write_text("\n".join(lines))
    return read_table(folder / "table.csv")


@pytest.fixture
def samples(table: Table) -> Samples:
    return Samples(table, SCHEMA, labelled=False)


class Recorder:
    """A model that takes a millisecond for each modality, or no time, and notes what it is given."""

    def __init__(self, seconds: float = 0.001) -> None:
        self.seconds = seconds
        self.calls: list[tuple[dict[str, NDArray[Any]], NDArray[np.bool_], dict[str, NDArray[np.int64]]]] = []

    def __call__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        present: NDArray[np.bool_],
        lengths: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> Logits:
        """Note and wait."""
        self.calls.append(({name: values.copy() for name, values in inputs.items()}, present, dict(lengths or {})))
        time.sleep(self.seconds * float(present[0].sum()))
        return {}

    def named(self, batch_size: int) -> list[str]:
        """Subsets by call, of batches of one size."""
        masks = [present for _, present, _ in self.calls if len(present) == batch_size]
        assert all((mask == mask[0]).all() for mask in masks)
        return ["+".join(name for name, has in zip(MODALITIES, mask[0], strict=True) if has) for mask in masks]


def test_each_subset_is_timed_as_often_in_turns(samples: Samples) -> None:
    model = Recorder()
    timing = time_subsets(model, samples, batch_size=4, seconds=0.0)
    assert [len(subset) for subset in timing.subsets] == [3, 2, 2, 2, 1, 1, 1]
    assert (timing.batch_size, timing.calls, timing.batches) == (4, 20, 3)
    for size, rounds in ((1, timing.calls), (4, timing.batches)):
        names = model.named(size)
        assert len(names) == 7 * (3 + rounds)
        timed = [set(names[start : start + 7]) for start in range(7 * 3, len(names), 7)]
        assert all(len(turn) == 7 for turn in timed)
    orders = {tuple(model.named(1)[start : start + 7]) for start in range(7 * 3, 7 * 23, 7)}
    assert len(orders) > 10


def test_times_are_those_of_the_calls(samples: Samples) -> None:
    timing = time_subsets(Recorder(), samples, batch_size=4, seconds=0.0)
    for subset, found in timing.subsets.items():
        assert len(subset) <= found.median <= found.percentile_95
        assert 0 < found.throughput <= 4 / (0.001 * len(subset))
    medians = [found.median for found in timing.subsets.values()]
    assert medians[0] > max(medians[-3:])


def test_inputs_are_those_of_samples_that_have_them(samples: Samples) -> None:
    model = Recorder()
    time_subsets(model, samples, batch_size=6, seconds=0.0)
    for inputs, present, _ in model.calls:
        for column, name in enumerate(MODALITIES):
            if not present[0, column]:
                assert not inputs[name].any()
    whole, _, lengths = next(call for call in model.calls if len(call[1]) == 6 and call[1].all())
    # Rows 0, 2, 3, 4 have gaze and rows 1 to 4 motion; each begins anew after its last.
    assert whole["gaze"][:, 0].tolist() == [1, 3, 4, 5, 1, 3]
    assert whole["motion"][:, 0, 0].tolist() == [2, 3, 4, 5, 2, 3]
    assert lengths["motion"].tolist() == [3, 4, 5, 6, 3, 4]
    assert np.unique(whole["touch"]).size == 6  # nobody has it: random numbers
    single = [inputs["gaze"][0, 0] for inputs, present, _ in model.calls if len(present) == 1 and present.all()]
    assert set(single) == {1, 3, 4, 5}


def test_more_rounds_are_measured_while_there_is_time(samples: Samples) -> None:
    found = time_subsets(Recorder(seconds=0.0), samples, batch_size=1, seconds=60.0)
    assert (found.calls, found.batches) == (200, 20)


def test_results_are_json(samples: Samples) -> None:
    timing = time_subsets(Recorder(), samples, batch_size=2, seconds=0.0)
    found = timing.to_json()
    assert list(found["subsets"])[:2] == ["gaze+motion+touch", "gaze+motion"]
    assert set(found["subsets"]["gaze"]) == {"median", "percentile_95", "throughput"}
    assert found["batch_size"] == 2


def test_nothing_to_time_is_refused(samples: Samples) -> None:
    with pytest.raises(ValueError, match="samples and batch_size must be positive, but got 5, 0"):
        time_subsets(Recorder(), samples, batch_size=0)
    with pytest.raises(ValueError, match="samples and batch_size must be positive, but got 0, 1"):
        time_subsets(Recorder(), Samples(samples.table.with_rows([]), SCHEMA, labelled=False), batch_size=1)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("id,domain,split,label,gaze\n7,kitchen,test,,none.npy\n")
    gone = Samples(read_table(tmp_path / "table.csv"), SCHEMA, labelled=False)
    with pytest.raises(ValueError, match=r"'7'.*gaze.*none\.npy"):
        time_subsets(Recorder(), gone, batch_size=1)
