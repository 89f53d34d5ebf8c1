"""Sessions on an NVIDIA GPU. Skipped where there is none; what needs none is in test_options and test_tensors."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from acclimate.exporters import Execution, Session, TensorSession
from acclimate.exporters.onnx_runtime.bindings import FixedGraph, bind
from acclimate.exporters.onnx_runtime.graph import OnnxGraph
from acclimate.exporters.onnx_runtime.placement import left_to_cpu
from acclimate.exporters.onnx_runtime.provider_options import PROVIDERS
from acclimate.exporters.onnx_runtime.turn import Turn
from acclimate.exporters.tensor_memory import Buffers
from acclimate.framework import DataError, ExportError
from numpy.typing import NDArray
from torch import Tensor

from .bound import listen
from .conftest import Exported

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

CLOSE: Final = 1e-4
ROWS: Final = 4


def to_cuda(inputs: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values).to("cuda") for name, values in inputs.items()}


def masks(modalities: int) -> list[NDArray[np.bool_]]:
    """All present; one lost in all rows; rows that differ."""
    lost = np.ones((ROWS, modalities), np.bool_)
    lost[:, 0] = False
    return [np.ones_like(lost), lost, np.eye(modalities, dtype=np.bool_)[np.arange(ROWS) % modalities]]


def assert_close(found: Mapping[str, Any], expected: Mapping[str, NDArray[np.float32]], atol: float = CLOSE) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        own = found[name].cpu().numpy() if isinstance(found[name], Tensor) else found[name]
        np.testing.assert_allclose(own, values, rtol=0, atol=atol, err_msg=name)


def test_cuda_says_what_the_cpu_says(exported: Exported) -> None:
    session, expected = Session(exported.folder, provider="cuda"), Session(exported.folder)
    assert session.provider == PROVIDERS["cuda"]
    inputs = exported.inputs(ROWS)
    for present in masks(len(session.modalities)):
        assert_close(session.run(inputs, present), expected.run(inputs, present))


def test_cuda_runs_all_but_sizes(exported: Exported) -> None:
    for placement in Session(exported.folder, provider="cuda").placement.values():
        assert sum(placement[PROVIDERS["cuda"]].values()) > 0
        assert not left_to_cpu(placement)


LACKING: Final = """
<ir_version: 10, opset_import: ["" : 20]>
lacking (float[N, 3, 3] inputs) => (float[N] outputs) {
    positive = Relu(inputs)
    outputs = Det(positive)
}
"""


def test_an_operator_that_cuda_lacks_is_an_error_or_allowed() -> None:
    model = onnx.parser.parse_model(LACKING).SerializeToString()
    with pytest.raises(ExportError, match=r"it would leave 1 Det to the CPU\. allow_cpu=True accepts that"):
        Execution(provider="cuda").runtime(model, "lacking")
    allowed = Execution(provider="cuda", allow_cpu=True).runtime(model, "lacking")
    assert allowed.run({"inputs": np.eye(3, dtype=np.float32)[np.newaxis]})[0].tolist() == pytest.approx([1.0])


def test_a_device_that_is_not_there_is_an_error(vectors: Exported) -> None:
    count = torch.cuda.device_count()
    with pytest.raises(ExportError, match="cannot be opened on CUDAExecutionProvider"):
        Session(vectors.folder, provider="cuda", device_id=count)
    with pytest.raises(ExportError, match=f"device_id must be below {count}, but got {count}"):
        TensorSession(vectors.folder, device_id=count)


WITHOUT_TORCH: Final = """
import sys
from acclimate.exporters import Session

session = Session(sys.argv[1], provider="cuda")
assert "torch" not in sys.modules
print(session.provider)
"""


def test_cuda_needs_no_torch(vectors: Exported) -> None:
    if not (Path(onnxruntime.__file__).parents[1] / "nvidia").is_dir():
        pytest.skip("the CUDA libraries do not lie beside onnxruntime, so torch must load them")
    command = [sys.executable, "-c", WITHOUT_TORCH, str(vectors.folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("CUDAExecutionProvider\n", "")


def test_tensors_stay_on_the_device(exported: Exported) -> None:
    session, expected = TensorSession(exported.folder), Session(exported.folder)
    inputs = exported.inputs(ROWS)
    for present in masks(len(expected.modalities)):
        found = session.run(to_cuda(inputs), present)
        assert {values.device for values in found.values()} == {session.device} == {torch.device("cuda", 0)}
        assert_close(found, expected.run(inputs, present))
    left = {name: inputs[name] for name in expected.modalities[1:]}
    assert_close(session.run(to_cuda(left)), expected.run(left))


def test_nothing_is_copied(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    session, bound = TensorSession(exported.folder), listen(monkeypatch)
    inputs = to_cuda(exported.inputs(2))
    outputs = session.run(inputs)
    assert {address.device for address in (*bound.inputs, *bound.outputs)} == {"cuda"}
    for name, values in {**inputs, **outputs}.items():
        assert bound.pointers[name] == values.data_ptr()


def test_a_bad_value_on_the_device_is_an_error(recordings: Exported) -> None:
    session, inputs = TensorSession(recordings.folder), to_cuda(recordings.inputs(3))
    inputs["image"][1, 0, 0, 0] = torch.nan
    with pytest.raises(DataError, match="image: expected finite values, but row 1 holds NaN or infinity"):
        session.run(inputs)
    session.run(inputs, np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]))
    with pytest.raises(DataError, match="audio: expected a tensor on cuda:0, but got one on cpu"):
        session.run({**inputs, "audio": inputs["audio"].cpu()})


def test_the_host_waits_for_nothing(encoders: Exported) -> None:
    session = TensorSession(encoders.folder, check_values=False)
    inputs, present = to_cuda(encoders.inputs(ROWS)), masks(4)[2]
    session.run(inputs, present)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        session.run(inputs, present)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("batch", [None, ROWS])
def test_a_run_takes_its_turn_in_the_callers_stream(batch: int | None, encoders: Exported) -> None:
    session = TensorSession(encoders.folder, cuda_graphs=batch, check_values=False)
    inputs = to_cuda(encoders.inputs(ROWS))
    expected = session.run(inputs)["logits"].clone()
    late = {name: torch.zeros_like(values) for name, values in inputs.items()}
    torch.cuda.synchronize()
    stream: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(stream):
        torch.cuda._sleep(400_000_000)  # noqa: SLF001 - cycles; torch's own tests wait like this
        for name, values in inputs.items():
            late[name].copy_(values)
        doubled = 2 * session.run(late)["logits"]
        for values in late.values():
            values.zero_()
        # The host is here before the device has begun: what follows was all in the order of streams. After a replay, it
        # is ONNX Runtime's to wait or not.
        assert batch is not None or not stream.query()
    stream.synchronize()
    torch.testing.assert_close(doubled, 2 * expected, rtol=0, atol=CLOSE)


def test_outputs_are_the_callers_to_keep(encoders: Exported) -> None:
    session = TensorSession(encoders.folder, cuda_graphs=ROWS)
    batches = [to_cuda(encoders.inputs(ROWS, seed)) for seed in range(8)]
    found = [session.run(batch)["logits"] for batch in batches]
    expected = Session(encoders.folder)
    for seed, logits in enumerate(found):
        assert_close({"logits": logits}, {"logits": expected.run(encoders.inputs(ROWS, seed))["logits"]})


@pytest.mark.parametrize("fixture", ["vectors", "encoders"])
def test_cuda_graphs_say_what_the_cpu_says(fixture: str, request: pytest.FixtureRequest, exports: None) -> None:
    exported: Exported = request.getfixturevalue(fixture)
    session, expected = TensorSession(exported.folder, cuda_graphs=ROWS), Session(exported.folder)
    for seed, present in enumerate(2 * masks(len(expected.modalities))):
        inputs = exported.inputs(ROWS, seed)
        assert_close(session.run(to_cuda(inputs), present), expected.run(inputs, present))
        left = {name: inputs[name] for name in expected.modalities[1:]}
        assert_close(session.run(to_cuda(left)), expected.run(left))


def test_what_was_recorded_is_replayed(encoders: Exported) -> None:
    turn = Turn(torch.device("cuda", 0))
    execution = Execution(provider="cuda", stream=turn.address, cuda_graph=True)
    opened = Session(encoders.folder, execution=execution).opened.files["encoders/features.onnx"]
    assert isinstance(opened, OnnxGraph)
    width = opened.outputs[0].shape[1] or 0
    with turn.taken():
        own = torch.empty(ROWS, width, device="cuda")
        given = torch.zeros(ROWS, 9, device="cuda")
        graph = FixedGraph(opened, Buffers({"features": given}, {"features_features": own}))
        elsewhere = torch.full_like(own, -7.0)
        inputs = torch.ones(ROWS, 9, device="cuda")
        opened.session.run_with_iobinding(bind(opened, {"features": inputs}, {"features_features": elsewhere}))
        found = torch.empty_like(own)
        graph.run({"features": inputs}, {"features_features": found})
    torch.cuda.synchronize()
    # A graph that ran operator by operator would have written where it was told to.
    assert elsewhere.eq(-7.0).all()
    expected = Session(encoders.folder).opened.files["encoders/features.onnx"]
    reference = expected.run({"features": np.ones((ROWS, 9), np.float32)})[0]
    np.testing.assert_allclose(found.cpu().numpy(), reference, rtol=0, atol=CLOSE)


def test_batches_of_another_size_are_refused(encoders: Exported) -> None:
    session = TensorSession(encoders.folder, cuda_graphs=ROWS)
    with pytest.raises(DataError, match=r"recorded for batches of 4 rows, but got 3"):
        session.run(to_cuda(encoders.inputs(3)))


def test_another_thread_may_not_replay(encoders: Exported) -> None:
    session, raised = TensorSession(encoders.folder, cuda_graphs=ROWS), list[str]()
    inputs = to_cuda(encoders.inputs(ROWS))

    def run() -> None:
        try:
            session.run(inputs)
        except ExportError as error:
            raised.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert raised == ["CUDA graphs must be run by the thread that made the session, but got another."]


@pytest.fixture(scope="module")
def engines(encoders: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for TensorRT's engines; skips where there is no TensorRT."""
    try:
        Session(encoders.folder, provider="tensorrt")
    except ExportError as error:
        if "libnvinfer" not in str(error) and "libnvonnxparser" not in str(error):
            raise
        pytest.skip(f"there is no TensorRT here: {error}")
    return tmp_path_factory.mktemp("engines")


@pytest.mark.parametrize(("fp16", "atol"), [(False, 1e-2), (True, 5e-2)])
def test_tensorrt_says_what_the_cpu_says(fp16: bool, atol: float, encoders: Exported, engines: Path) -> None:  # noqa: FBT001
    cache = engines / f"fp16={fp16}"
    execution = Execution(provider="tensorrt", provider_options={"fp16": fp16, "engine_cache": cache})
    expected, inputs = Session(encoders.folder), encoders.inputs(ROWS)
    for session in (Session(encoders.folder, execution=execution), Session(encoders.folder, execution=execution)):
        assert session.provider == PROVIDERS["tensorrt"]
        # TensorRT multiplies in TensorFloat-32, which ONNX Runtime cannot turn off.
        assert_close(session.run(inputs), expected.run(inputs), atol)
    assert len(list(cache.glob("*/*.engine"))) >= len(session.placement)
    tensors = TensorSession(encoders.folder, execution=execution)
    assert_close(tensors.run(to_cuda(inputs)), expected.run(inputs), atol)
