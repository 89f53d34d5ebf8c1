"""What Triton answers with the models that we write is what a session answers."""

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.exporters.artefact import Form
from acclimate.exporters.session import Session
from acclimate.exporters.triton import business_logic, write_triton
from acclimate.framework.layout import modality_subsets
from numpy.typing import NDArray

from .artefacts import MODALITIES, draw, fill, remake
from .stand_in import Call, RefusedError, StandIn, TritonError

FORMS: tuple[Form, ...] = ("mask", "branch", "split")


@pytest.fixture(scope="module")
def sessions(artefacts: Mapping[Form, Path]) -> dict[Form, Session]:
    return {form: Session(artefacts[form]) for form in FORMS}


@pytest.fixture(scope="module")
def repository(artefacts: Mapping[Form, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds every form, under its own name."""
    folder = tmp_path_factory.mktemp("models")
    for form in FORMS:
        write_triton(artefacts[form], folder)
    return folder


@pytest.fixture
def server(repository: Path) -> StandIn:
    return StandIn(repository)


def assert_same(found: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("given", modality_subsets(MODALITIES), ids="+".join)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_answers_as_the_session_does(
    server: StandIn, sessions: Mapping[str, Session], form: Form, given: tuple[str, ...], rows: int
) -> None:
    inputs = {name: values for name, values in draw(rows).items() if name in given}
    expected = sessions[form].run(inputs)
    assert_same(server.infer(form, fill(inputs, rows)), expected)
    if form == "split":
        server.calls.clear()
        assert_same(server.infer("split", inputs), expected)
        encoders = [Call(f"split_encoder_{name}", 1, rows) for name in given]
        assert server.calls == [*encoders, Call("split_fusion", 1, rows)]


@pytest.mark.parametrize("form", FORMS)
def test_rows_may_differ_in_modalities_and_lengths(
    server: StandIn, sessions: Mapping[str, Session], form: Form
) -> None:
    inputs = draw(4)
    present = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]], np.float32)
    lengths = {"motion": np.array([3, 12, 12, 7]), "speech": np.array([1, 1, 8, 2])}
    expected = sessions[form].run(inputs, present, lengths)
    inputs["motion"][1] = np.nan  # absent
    inputs["motion"][0, :, 3:] = np.inf  # padding
    told = {f"{name}_length": values[:, np.newaxis] for name, values in lengths.items()}
    assert_same(server.infer(form, {**inputs, **told, "present": present}), expected)
    if form == "split":
        assert [call.rows for call in server.calls] == [3, 3, 2, 4]


def test_requests_that_come_together_are_answered_one_by_one(server: StandIn, sessions: Mapping[str, Session]) -> None:
    batches = [draw(rows, seed) for seed, rows in enumerate((1, 5, 2))]
    requests = [
        {name: batches[0][name] for name in ("place",)},
        batches[1],
        {**batches[2], "present": np.full((2, 3), 0.5, np.float32)},
        {name: batches[2][name] for name in ("motion", "speech")},
    ]
    responses = server.execute("split", requests)
    assert [response.has_error() for response in responses] == [False, False, True, False]
    assert responses[2].error().message() == "present must hold 0 and 1 only, but got 0.5."
    for request, response in zip(requests, responses, strict=True):
        if not response.has_error():
            found = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
            assert_same(found, sessions["split"].run(request))


def test_a_client_may_ask_for_some_outputs(server: StandIn) -> None:
    assert list(server.infer("split", draw(1), outputs=["action_logits"])) == ["action_logits"]


def with_nan(inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    inputs["place"][1, 2] = np.nan
    return inputs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda _: {"present": np.ones((2, 3), np.float32)},
            "at least one modality of motion, place, speech, but got none",
        ),
        (lambda x: {name: values[:0] for name, values in x.items()}, "expected at least one row, but got none"),
        (lambda x: {**x, "present": np.array([[1, 1, 1], [0, 0, 0]], np.float32)}, "row 1 has none"),
        (lambda x: {"place": x["place"], "present": np.ones((2, 3), np.float32)}, "present says that rows have motion"),
        (lambda x: {**x, "motion_length": np.array([[3], [0]])}, "motion: lengths must be from 1 to the 12 .* got 0"),
        (lambda x: {**x, "motion_length": np.array([[3], [13]])}, "motion: lengths must be from 1 .* got 13"),
        (with_nan, "place: expected finite values, but row 1 holds NaN or infinity"),
    ],
)
def test_a_bad_request_is_the_clients_fault(server: StandIn, change: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(RefusedError, match=message) as raised:
        server.infer("split", change(draw(2)))
    assert raised.value.code == TritonError.INVALID_ARG
    assert server.calls == []


def test_an_encoder_that_is_not_served_fails_only_what_needs_it(artefacts: Mapping[Form, Path], tmp_path: Path) -> None:
    write_triton(artefacts["split"], tmp_path)
    (tmp_path / "split_encoder_motion").rename(tmp_path / "elsewhere")
    responses = StandIn(tmp_path).execute("split", [draw(1), {"place": draw(1)["place"]}])
    assert [response.has_error() for response in responses] == [True, False]
    error = responses[0].error()
    assert error.message().startswith("split_encoder_motion: Request for unknown model")
    assert error.code == TritonError.INTERNAL


def test_a_version_calls_models_of_its_own(small: Path, tmp_path: Path) -> None:
    negative = remake(small, tmp_path / "negative", "split", sign=-1)
    for artefact, version in ((small, 1), (negative, 2)):
        assert write_triton(artefact, tmp_path / "models", name="answer").version == version
    server, inputs = StandIn(tmp_path / "models"), {"face": np.ones((2, 4), np.float32)}
    assert_same(server.infer("answer", inputs), Session(negative).run(inputs))
    assert_same(server.infer("answer", inputs, version=1), Session(small).run(inputs))


def test_what_travels_needs_nothing_but_numpy_and_the_backend() -> None:
    tree = ast.parse(Path(str(business_logic.__file__)).read_text("utf-8"), feature_version=(3, 10))
    names = [
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    foreign = {str(name).partition(".")[0] for name in names} - sys.stdlib_module_names
    assert foreign == {"numpy", "triton_python_backend_utils"}
