"""The pieces of benchmarks/inference.py run, on tiny sizes. No time is judged."""

import json
from functools import partial
from pathlib import Path

import inference
import inference_artefacts
import inference_precisions
import inference_start
import matrix_product
import numpy as np
import pytest
import torch
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.layout import JOINT
from inference_artefacts import Artefacts, Key
from inference_candidates import Candidate, Eager, Encoders, InSession, Run, to_tensors
from inference_forms import EAGER, FORMS
from inference_model import MIXED, Size, count_parameters, real, tiny
from inference_parity import parity
from inference_precisions import precisions
from inference_race import Pace, run_race
from inference_report import Aim, Figure
from inference_start import TORCH, start
from inference_subsets import subsets

pytestmark = [pytest.mark.benchmark, pytest.mark.processes, pytest.mark.usefixtures("exports")]

SMALL = Size("test_resnet", 32, "test_resnet", 8000, 3200, 6, 50, 1, 32, 2, 16)


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Artefacts:
    """Exports of the tiny model, one thread."""
    return Artefacts(tmp_path_factory.mktemp("artefacts"), tiny(), threads=1)


@pytest.fixture
def one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the default form, in float32, and in a precision that cannot be exported: each export takes a second."""
    monkeypatch.setattr(inference_artefacts, "CALIBRATION_ROWS", 0)
    for module in (inference_precisions, inference_start):
        monkeypatch.setattr(module, "FORMS", ("branch",))
        monkeypatch.setattr(module, "PRECISIONS", ("float32", "int8"))
    monkeypatch.setattr(inference_start, "WARMUP", 0)


def test_all_ways_of_torch_answer_alike_with_encoders_of_each_kind() -> None:
    pytest.importorskip("transformers")
    subject = real(SMALL)
    model = subject.make()
    rows = subject.draw(3)
    expected = Eager("eager", model).open(rows)()
    tuned = Eager("tuned", model, torch.inference_mode, channels_last=True).open(rows)()
    with torch.no_grad():
        features = Encoders(model)(*to_tensors(rows, torch.contiguous_format))
        plain = model.classify(features, torch.ones(3, 3, dtype=torch.bool)).logits["label"][JOINT]
    assert expected.shape == (3, 10)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(tuned, expected, atol=1e-5)
    np.testing.assert_allclose(plain.numpy(), expected, atol=1e-5)


def test_rows_have_the_modalities_that_are_asked_for() -> None:
    subject = tiny()
    assert subject.draw(2, subset=("voice",)).present.tolist() == [[False, True]] * 2
    mixed = subject.draw(4, subset=(MIXED,)).present.tolist()
    assert mixed == [[True, True], [True, False], [False, True], [True, True]]


@pytest.mark.parametrize("subset", [None, ("face",), (MIXED,)])
def test_sessions_answer_as_torch_does(artefacts: Artefacts, subset: tuple[str, ...] | None) -> None:
    candidates = [Eager(EAGER, artefacts.model()), *(InSession(form, artefacts.open(Key(form))) for form in FORMS)]
    raced = run_race(candidates, artefacts.subject.draw(5, subset=subset), "some", Pace(rounds=2, calls=2))
    assert {name: len(seconds) for name, seconds in raced.times.items()} == dict.fromkeys((EAGER, *FORMS), 2)
    assert all(row.difference is not None and row.difference < 1e-5 for row in raced.rows.values())


class Constant(Candidate):
    """Answers with one number."""

    def __init__(self, number: float) -> None:
        super().__init__("constant")
        self.number = number

    def open(self, rows: Arrays) -> Run:
        """Three classes."""
        return partial(np.full, (len(rows), 3), self.number, np.float32)


@pytest.mark.parametrize("number", [0.5, np.nan])
def test_a_candidate_that_computes_something_else_is_refused(artefacts: Artefacts, number: float) -> None:
    candidates = [Eager(EAGER, artefacts.model()), Constant(number)]
    with pytest.raises(RuntimeError, match=f"constant must answer as {EAGER} does, but differs by"):
        run_race(candidates, artefacts.subject.draw(2), "all", Pace(rounds=1, calls=1))


def test_exports_are_kept_for_the_next_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    for code in ("this", "this", "other"):
        monkeypatch.setattr("inference_artefacts._code_hash", lambda code=code: code)
        made = Artefacts(tmp_path, tiny(), threads=1).get(Key("branch"))
        written.append(made.folder.joinpath("model.onnx").stat().st_mtime_ns)
    assert written[0] == written[1] < written[2]


def test_figures_are_written(artefacts: Artefacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    folder = artefacts.get(Key("branch")).folder.parent
    arguments = ["--subject", "tiny", "--batches", "1", "3", "--rounds", "1", "--threads", "1"]
    try:
        inference.main([*arguments, "--figures", "forms", "torch", "--artefacts", str(folder), "--out", str(tmp_path)])
    finally:
        torch.set_num_threads(threads)
    forms, ways = (json.loads((tmp_path / f"inference-{name}.json").read_text("utf-8")) for name in ("forms", "torch"))
    assert forms["parameters"] == count_parameters(artefacts.model()) > 0
    assert "load" in forms["machine"]
    assert {(row["batch"], row["name"]) for row in forms["rows"]} >= {
        (batch, form) for batch in (1, 3) for form in FORMS
    }
    # One aim for the best form, at the only batch size that has one, and one for split at each.
    assert [aim["limit"] for aim in forms["aims"]] == pytest.approx([2.1, 1.25, 1.25])
    assert [row["name"] for row in ways["rows"]][-1] == "branch"
    printed = capsys.readouterr().out
    assert all((tmp_path / f"inference-{name}.md").read_text("utf-8") in printed for name in ("forms", "torch"))


def test_subsets_are_compared_with_their_own_encoders(artefacts: Artefacts) -> None:
    figure = subsets(artefacts, [2], rounds=2)
    assert [row["present"] for row in figure.rows] == ["face+voice", "face", "voice", MIXED]
    assert [row["own"] is None for row in figure.rows] == [False, False, False, True]
    assert [aim.limit for aim in figure.aims] == pytest.approx([1.1, 1.1])
    assert {len(line) for line in figure.cells} == {len(figure.header)}


@pytest.mark.usefixtures("one_form")
def test_precisions_are_compared_and_those_that_are_missing_say_why(artefacts: Artefacts) -> None:
    figure = precisions(artefacts, [2], rounds=1)
    assert [line[2] for line in figure.cells] == ["float32", "int8"]
    assert figure.cells[0][4] == "1.00 (1.00 - 1.00)"
    assert figure.cells[1][3].startswith("missing: samples must hold at least one row")
    assert {len(line) for line in figure.cells} == {len(figure.header)}


def test_lower_precision_says_how_well_it_agrees(artefacts: Artefacts) -> None:
    made = artefacts.get(Key("branch", "float16"))
    assert made.report["precision"]["precision"] == "float16"
    assert 0 < made.agreement <= 1
    assert made.cosine is not None
    assert made.cosine > 0.99
    assert artefacts.get(Key("branch")).cosine is None


def test_parity_is_what_the_exports_found(artefacts: Artefacts) -> None:
    figure = parity(artefacts, ["sum"])
    assert [(row["recipe"], row["form"], row["samples"]) for row in figure.rows] == [
        ("rna-uda", form, 84) for form in FORMS
    ]
    assert figure.aims[0].is_met


@pytest.mark.usefixtures("one_form")
def test_starts_are_measured_in_fresh_processes(artefacts: Artefacts) -> None:
    figure = start(artefacts, [1, 2, 4], rounds=1)
    assert [line[0] for line in figure.cells] == ["branch, float32", TORCH, "branch, int8"]
    assert {len(line) for line in figure.cells} == {len(figure.header)}
    assert "first run, batch 4, s" in figure.header
    own, with_torch = (row["values"] for row in figure.rows[:2])
    assert 0 < own["import"]["median"] < with_torch["import"]["median"]
    assert own["memory, started"]["median"] < with_torch["memory, started"]["median"]
    assert [aim.name for aim in figure.aims] == ["start of branch, float32, seconds"]


def test_an_aim_is_met_at_its_limit_and_never_by_no_number() -> None:
    assert Aim("a", 1.1, 1.1, "at most").is_met
    assert Aim("a", 2.1, 2.1, "at least").is_met
    assert not Aim("a", 1.2, 1.1, "at most").is_met
    for number in (float("nan"), float("inf")):
        assert not Aim("a", number, 1.1, "at most").is_met
        assert Figure((), [], [], [Aim("a", number, 1.1, "at most")]).to_json()["aims"][0]["value"] is None
    assert str(Aim("a", 3e-7, 1e-5, "at most")) == "a: 3.0e-07, aim: at most 1.0e-05: **met**"


def test_libraries_multiply_the_same_matrices() -> None:
    answers = [product() for product in matrix_product.products(size=32, threads=1).values()]
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], rtol=1e-5)
    found = matrix_product.rates(size=32, threads=1, rounds=2)
    assert set(found) == {"ONNX Runtime", "torch", "numpy"}
    assert all(rate > 0 for rate in found.values())
