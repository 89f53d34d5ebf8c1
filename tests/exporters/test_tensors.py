"""Sessions on tensors: the same answers as on arrays, on the tensors' own memory. What needs a GPU is in test_gpu."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import pytest
import torch
from acclimate.exporters import Session, TensorSession, export_onnx
from acclimate.exporters.onnx_runtime.bindings import FixedGraph
from acclimate.exporters.onnx_runtime.graph import OnnxGraph
from acclimate.exporters.ports import Port
from acclimate.exporters.tensor_feed import TensorFeed, check_odd
from acclimate.exporters.tensor_memory import Buffers, TensorMemory
from acclimate.exporters.tensors import on_tensors
from acclimate.framework import DataError, ExportError
from bits import assert_same_bits, same_bits
from numpy.typing import NDArray
from torch import Tensor

from .bound import Bound, listen
from .conftest import Exported
from .test_lengths import SCHEMA, make_model

CPU: Final = torch.device("cpu")


def to_tensors(inputs: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in inputs.items()}


def masks(modalities: int) -> list[NDArray[np.bool_] | None]:
    """All present; one lost in all rows; each row with one of its own."""
    lost = np.ones((modalities, modalities), np.bool_)
    lost[:, 0] = False
    return [None, lost, np.eye(modalities, dtype=np.bool_)]


@pytest.fixture(scope="module", params=["vectors", "recordings", "encoders"])
def sessions(request: pytest.FixtureRequest, exports: None) -> tuple[Exported, Session, TensorSession]:
    """On a masked graph, one with branches and a split one."""
    exported: Exported = request.getfixturevalue(request.param)
    return exported, Session(exported.folder), TensorSession(exported.folder, provider="cpu")


def test_tensors_get_the_answers_that_arrays_get(sessions: tuple[Exported, Session, TensorSession]) -> None:
    exported, session, tensors = sessions
    modalities = len(session.modalities)
    inputs = exported.inputs(modalities)
    for present in masks(modalities):
        expected = session.run(inputs, present)
        found = tensors.run(to_tensors(inputs), present)
        assert list(found) == list(expected)
        for name, values in expected.items():
            assert_same_bits(found[name].numpy(), values)
    left = {name: inputs[name] for name in session.modalities[1:]}
    for name, values in session.run(left).items():
        assert_same_bits(tensors.run(to_tensors(left))[name].numpy(), values)


def test_a_tensor_session_knows_its_artefact(encoders: Exported) -> None:
    session = TensorSession(encoders.folder, provider="cpu")
    assert session.schema == encoders.schema
    assert session.provider == "CPUExecutionProvider"
    assert session.outputs == Session(encoders.folder).outputs
    assert "fusion.onnx" in session.placement


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Bound:
    """What is bound during a test."""
    return listen(monkeypatch)


def test_nothing_is_copied(sessions: tuple[Exported, Session, TensorSession], bound: Bound) -> None:
    exported, session, tensors = sessions
    inputs = to_tensors(exported.inputs(2))
    outputs = tensors.run(inputs)
    for name, values in {**inputs, **outputs}.items():
        assert bound.pointers[name] == values.data_ptr()
    # What an encoder writes is what the fusion reads.
    written = [address for address in bound.outputs if address.name.endswith("_features")]
    read = [address for address in bound.inputs if address.name.endswith("_features")]
    assert written == read
    assert len(written) == (len(inputs) if session.config.form == "split" else 0)


def test_split_encoders_see_the_rows_that_have_their_modality(encoders: Exported, bound: Bound) -> None:
    session = TensorSession(encoders.folder, provider="cpu")
    present = np.zeros((5, 4), np.bool_)
    present[:, 0], present[[1, 3], 2] = True, True
    session.run(to_tensors(encoders.inputs(5)), present)
    shapes = {address.name: address.shape for address in bound.inputs if address.name in session.schema.modalities}
    assert shapes == {"features": (5, 9), "signal": (2, 3, 50)}


def test_a_tensor_that_is_not_contiguous_is_read_as_it_is(vectors: Exported) -> None:
    inputs = vectors.inputs(3)
    turned = {name: torch.from_numpy(np.ascontiguousarray(values.T)).T for name, values in inputs.items()}
    expected = Session(vectors.folder).run(inputs)
    for name, values in TensorSession(vectors.folder, provider="cpu").run(turned).items():
        assert_same_bits(values.numpy(), expected[name])


def test_gradients_do_not_pass(vectors: Exported) -> None:
    inputs = {name: values.requires_grad_() for name, values in to_tensors(vectors.inputs(2)).items()}
    outputs = TensorSession(vectors.folder, provider="cpu").run(inputs)
    assert not any(values.requires_grad for values in outputs.values())


def test_presence_may_be_a_tensor(encoders: Exported) -> None:
    session = TensorSession(encoders.folder, provider="cpu")
    inputs, present = to_tensors(encoders.inputs(4)), np.eye(4)
    expected = session.run(inputs, present)["logits"]
    for kind in (torch.bool, torch.float32, torch.int64):
        assert_same_bits(session.run(inputs, torch.from_numpy(present).to(kind))["logits"], expected)


@pytest.fixture(scope="module", params=["mask", "branch", "split"])
def long_rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, exports: None) -> Path:
    """An artefact with an encoder that is told lengths."""
    folder = tmp_path_factory.mktemp("long") / request.param
    export_onnx(make_model(), folder, SCHEMA, form=request.param)
    return folder


def test_padding_reaches_nothing(long_rows: Path) -> None:
    session, tensors = Session(long_rows), TensorSession(long_rows, provider="cpu")
    generator = np.random.default_rng(0)
    inputs = {
        "motion": generator.standard_normal((3, 2, 12), dtype=np.float32),
        "place": generator.standard_normal((3, 3), dtype=np.float32),
    }
    present = np.array([[1, 1], [0, 1], [1, 0]])
    lengths = np.array([4, 12, 7])
    inputs["motion"][0, :, 4:] = np.nan
    inputs["motion"][1] = np.nan
    for own in (lengths, torch.from_numpy(lengths)):
        expected = session.run(inputs, present, {"motion": lengths})
        found = tensors.run(to_tensors(inputs), present, {"motion": own})
        for name, values in expected.items():
            assert_same_bits(found[name].numpy(), values)
    with pytest.raises(DataError, match="motion: expected finite values, but row 0 holds NaN"):
        tensors.run(to_tensors(inputs), present, {"motion": np.array([5, 12, 7])})
    with pytest.raises(DataError, match="motion: lengths must be from 1 to the 12 steps given, but got 13"):
        tensors.run(to_tensors(inputs), present, {"motion": np.array([4, 12, 13])})
    without = {"place": inputs["place"]}
    for name, values in session.run(without).items():
        assert_same_bits(tensors.run(to_tensors(without))[name].numpy(), values)


ONES: Final = np.ones((3, 3), np.bool_)


@pytest.mark.parametrize(
    ("change", "present", "message"),
    [
        (lambda x: {**x, "video": x["audio"]}, None, "unknown modality 'video'"),
        (lambda _: {}, None, "expected at least one modality"),
        (lambda x: {**x, "audio": x["audio"].numpy()}, None, "audio: expected a tensor, but got ndarray"),
        (lambda x: {**x, "audio": x["audio"].to("meta")}, None, "audio: expected a tensor on cpu, but got one on meta"),
        (
            lambda x: {**x, "audio": x["audio"].double()},
            None,
            r"expected torch.float32 values, but got .*float64",
        ),
        (lambda x: {**x, "audio": x["audio"][:, 1:]}, None, r"audio: expected .*'batch', 400\), but got \(3, 399\)"),
        (lambda x: {**x, "audio": x["audio"][:2]}, None, "same number of rows, but got audio 2, image 3"),
        (lambda x: x, ONES * [[1], [0], [1]], "every row must have a modality, but row 1 has none"),
        (lambda x: x, torch.full((3, 3), 0.5), "present must hold 0 and 1 only, but got 0.5"),
        (lambda x: {"audio": x["audio"]}, ONES, "present says that rows have image, but inputs does not hold it"),
        (lambda x: {**x, "image": x["image"] / 0}, None, "image: expected finite values, but row 0 holds NaN"),
    ],
)
def test_a_bad_batch_is_refused_in_one_line(
    change: Callable[[dict[str, Tensor]], dict[str, Any]],
    present: NDArray[Any] | Tensor | None,
    message: str,
) -> None:
    feed = (change({port.name: torch.ones(3, *port.shape) for port in PORTS}), present, None, PORTS, CPU)

    def check() -> None:
        read = TensorFeed.read(*feed)
        check_odd(read.find_odd(), PORTS)

    with pytest.raises(DataError, match=message) as raised:
        check()
    assert "\n" not in str(raised.value)


PORTS: Final = (Port("audio", (400,)), Port("image", (1, 8, 8)), Port("wrist-left", (2, 20)))


def test_unknown_indices_count_where_a_row_has_them_only() -> None:
    port = Port("text", (4,), np.int64, indices=10)
    tokens = torch.tensor([[1, 2, 3, 9], [10, 99, -1, 0]])
    feed = TensorFeed.read({"text": tokens}, None, None, [port], CPU)
    with pytest.raises(DataError, match="text: expected indices from 0 to 9, but row 1 holds others"):
        check_odd(feed.find_odd(), [port])
    absent = attrs.evolve(feed, present=np.array([[True], [False]]))
    check_odd(absent.find_odd(), [port])
    assert absent.tensors()["text"].tolist() == [[1, 2, 3, 9], [0, 0, 0, 0]]
    assert tokens[1, 1] == 99


def test_values_need_not_be_checked(vectors: Exported) -> None:
    inputs = to_tensors(vectors.inputs(2))
    inputs["where"][0, 0] = torch.nan
    with pytest.raises(DataError, match="where: expected finite values, but row 0 holds NaN"):
        TensorSession(vectors.folder, provider="cpu").run(inputs)
    outputs = TensorSession(vectors.folder, provider="cpu", check_values=False).run(inputs)
    assert outputs["verb_logits"][0].isnan().all()
    assert outputs["verb_logits"][1].isfinite().all()


def test_threads_share_a_session(encoders: Exported) -> None:
    session = TensorSession(encoders.folder, provider="cpu")
    batches = [to_tensors(encoders.inputs(1 + seed % 4, seed)) for seed in range(16)]
    expected = [session.run(batch)["logits"] for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: session.run(batch)["logits"], batches))
    assert all(same_bits(one, other) for one, other in zip(found, expected, strict=True))


def test_graphs_on_fixed_memory_say_the_same(long_rows: Path, bound: Bound) -> None:
    """All that CUDA graphs do, but for the recording: it needs a GPU."""
    session = Session(long_rows)
    widths = dict.fromkeys(next(iter(session.outputs.values())).values(), 2)
    runners = on_tensors(session.opened, CPU, batch=4)
    graphs, main = session.opened.connect(runners, TensorMemory(CPU)), runners[session.config.main_file]
    bound.inputs.clear()
    for seed, present in enumerate(([[1, 1]] * 4, [[1, 0], [0, 1]] * 2, [[0, 1]] * 4, [[1, 1], [0, 1]] * 2)):
        inputs = {
            name: values[:, ..., : 16 - seed]
            for name, part in SCHEMA.preprocessing.items()
            for values in [part.random(np.random.default_rng(seed), 4)]
        }
        lengths = {"motion": np.array([3, 5, 13, 9])}
        feed = TensorFeed.read(to_tensors(inputs), np.array(present), lengths, session.ports, CPU)
        outputs = {name: torch.empty(4, 2) for name in widths}
        main.run(graphs.feed(feed.tensors(), feed.present), outputs)
        for name, values in session.run(inputs, np.array(present), lengths).items():
            np.testing.assert_allclose(outputs[name].numpy(), values, atol=1e-6)
    assert not bound.inputs


def test_a_graph_on_fixed_memory_keeps_no_answer_of_the_caller(encoders: Exported) -> None:
    session = Session(encoders.folder)
    opened = session.opened.files["encoders/features.onnx"]
    assert isinstance(opened, OnnxGraph)
    width = opened.outputs[0].shape[1] or 0
    buffers = Buffers({"features": torch.zeros(3, 9)}, {"features_features": torch.empty(3, width)})
    graph = FixedGraph(opened, buffers)
    first, second = torch.empty(3, width), torch.empty(2, width)
    graph.run({"features": torch.ones(3, 9)}, {"features_features": first})
    kept = first.clone()
    graph.run({"features": torch.full((2, 9), 2.0)}, {"features_features": second})
    assert_same_bits(first, kept)
    assert not same_bits(second, first[:2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provider": "cpu", "cuda_graphs": 2}, "CUDA graphs need the provider cuda or tensorrt, but got CPU"),
        ({"cuda_graphs": 0}, "cuda_graphs must be a positive number of rows, but got 0"),
        ({"provider": "npu"}, "provider must be cpu, cuda, tensorrt"),
    ],
)
def test_sessions_that_cannot_be_are_refused(options: dict[str, Any], message: str, encoders: Exported) -> None:
    with pytest.raises(ExportError, match=message):
        TensorSession(encoders.folder, **options)


def test_branches_cannot_be_recorded(recordings: Exported) -> None:
    with pytest.raises(ExportError, match=r"CUDA graphs cannot hold the form branch, whose If .* export it as split"):
        TensorSession(recordings.folder, cuda_graphs=2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_missing_gpu_is_an_error(provider: str, encoders: Exported) -> None:
    with pytest.raises(ExportError, match=r"tensors cannot be on cuda:0: torch .* finds no GPU"):
        TensorSession(encoders.folder, provider=provider)
