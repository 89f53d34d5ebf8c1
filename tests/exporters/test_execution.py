"""Options of sessions: what is asked of ONNX Runtime, and what is refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from acclimate.exporters.execution import Execution, ThreadPool
from acclimate.exporters.onnx_runtime.graph import OnnxGraph
from acclimate.exporters.onnx_runtime.provider_options import PROVIDERS, requested_providers
from acclimate.exporters.runtime import Graph
from acclimate.exporters.session import Session
from acclimate.framework import ExportError

from .conftest import Exported


def asked(options: Execution, model: bytes = b"model") -> dict[str, dict[str, str]]:
    return dict(requested_providers(options, model))


def test_the_cpu_is_asked_for_by_default() -> None:
    assert requested_providers(Execution(), b"") == [("CPUExecutionProvider", {})]


def test_cuda_computes_in_float32_unless_told_otherwise() -> None:
    assert asked(Execution(provider="cuda", device_id=1))["CUDAExecutionProvider"] == {
        "device_id": "1",
        "use_tf32": "0",
        "enable_cuda_graph": "0",
    }
    options = Execution(
        provider="cuda",
        stream=64,
        cuda_graph=True,
        provider_options={"tf32": True, "memory_limit": 2**30, "conv_search": "heuristic"},
    )
    assert asked(options)["CUDAExecutionProvider"] == {
        "device_id": "0",
        "user_compute_stream": "64",
        "enable_cuda_graph": "1",
        "use_tf32": "1",
        "gpu_mem_limit": "1073741824",
        "cudnn_conv_algo_search": "HEURISTIC",
    }


def test_tensorrt_leaves_to_cuda_what_it_does_not_know() -> None:
    options = Execution(provider="tensorrt", device_id=2, stream=64, provider_options={"fp16": True, "tf32": True})
    (first, tensorrt), (second, cuda) = requested_providers(options, b"")
    assert (first, second) == (PROVIDERS["tensorrt"], PROVIDERS["cuda"])
    assert tensorrt["trt_fp16_enable"] == "1"
    assert cuda["use_tf32"] == "1"
    for name in ("device_id", "user_compute_stream"):
        assert tensorrt[name] == cuda[name]
    assert "trt_engine_cache_enable" not in tensorrt


def test_engines_of_different_weights_lie_apart(tmp_path: Path) -> None:
    options = Execution(provider="tensorrt", provider_options={"engine_cache": tmp_path})
    folders = [asked(options, model)[PROVIDERS["tensorrt"]]["trt_engine_cache_path"] for model in (b"1", b"2", b"1")]
    assert folders[0] == folders[2] != folders[1]
    assert {Path(folder).parent for folder in folders} == {tmp_path}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"provider": "gpu"},
            "provider must be cpu, cuda, tensorrt, openvino or ONNX Runtime's own name, but got 'gpu'",
        ),
        ({"device_id": -1}, "device_id must not be negative, but got -1"),
        ({"threads": 0}, "threads must be positive, but got 0"),
        ({"cuda_graph": True}, "CUDA graphs need the provider cuda or tensorrt, but got CPUExecutionProvider"),
        ({"provider_options": {"tf32": True}}, "provider_options of CPU.* must be left out, but got 'tf32'"),
        (
            {"provider": "cuda", "provider_options": {"fp16": True}},
            "provider_options of CUDA.* must be tf32, memory_limit, conv_search, but got 'fp16'",
        ),
        ({"provider": "cuda", "provider_options": {"tf32": 1}}, "tf32 must be True or False, but got 1"),
        (
            {"provider": "cuda", "provider_options": {"memory_limit": 0}},
            "memory_limit must be a positive number of bytes, but got 0",
        ),
        (
            {"provider": "tensorrt", "provider_options": {"conv_search": "best"}},
            "conv_search must be exhaustive, heuristic, default, but got 'best'",
        ),
        (
            {"provider": "tensorrt", "provider_options": {"engine_cache": __file__}},
            "engine_cache must be a folder, but got .*test_execution.py",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExportError, match=message):
        Execution(**options)


@pytest.mark.parametrize("pool", [pool for pool in get_args(ThreadPool) if pool != "shared"])
def test_pools_change_no_answer(pool: ThreadPool, encoders: Exported) -> None:
    session = Session(encoders.folder, execution=Execution(pool=pool, threads=2))
    inputs = encoders.inputs(3)
    plain = Session(encoders.folder, threads=1)
    assert {session_options(opened).intra_op_num_threads for opened in plain.opened.files.values()} == {1}
    expected = plain.run(inputs)
    for name, values in session.run(inputs).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)
    for opened in session.opened.files.values():
        options = session_options(opened)
        assert options.intra_op_num_threads == 2
        assert has_entry(options, "session.force_spinning_stop", "1") == (pool == "stopping")
        assert has_entry(options, "session.intra_op.allow_spinning", "0") == (pool == "sleeping")


def session_options(graph: Graph) -> Any:  # noqa: ANN401 - onnxruntime has no types
    assert isinstance(graph, OnnxGraph)
    return graph.session.get_session_options()


def has_entry(options: Any, key: str, value: str) -> bool:  # noqa: ANN401 - onnxruntime has no types
    try:
        return bool(options.get_session_config_entry(key) == value)
    except RuntimeError:
        return False


SHARED = """
import sys
import numpy as np
from acclimate.exporters import Session
from acclimate.exporters import Execution
from acclimate.framework import ExportError

inputs = {"features": np.ones((2, 9), np.float32)}
expected = Session(sys.argv[1]).run(inputs)["logits"]
for threads in (2, None, 2):
    session = Session(sys.argv[1], execution=Execution(pool="shared", threads=threads))
    assert np.allclose(session.run(inputs)["logits"], expected, atol=1e-5)
    options = [opened.session.get_session_options() for opened in session.opened.files.values()]
    assert not any(own.use_per_session_threads for own in options)
for execution in (Execution(pool="shared", threads=1), Execution()):
    try:
        Session(sys.argv[1], execution=execution)
    except ExportError as error:
        print(str(error).partition(": ")[2] or error)
"""


def test_sessions_share_a_pool_of_one_size(encoders: Exported) -> None:
    # In a process of its own: the pool lives as long as the process.
    command = [sys.executable, "-c", SHARED, str(encoders.folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == [
        "the pool that sessions share is there, so it cannot get threads=1.",
        "this process has a pool that sessions share, so all must be opened with pool='shared'",
    ]


def test_placement_counts_the_operators_of_every_graph(encoders: Exported, recordings: Exported) -> None:
    split = Session(encoders.folder).placement
    assert set(split) == {"fusion.onnx", *(f"encoders/{name}.onnx" for name in encoders.schema.modalities)}
    assert {provider for placement in split.values() for provider in placement} == {"CPUExecutionProvider"}
    assert split["encoders/signal.onnx"]["CPUExecutionProvider"]["Conv"] > 1
    branch = Session(recordings.folder).placement["model.onnx"]["CPUExecutionProvider"]
    assert (branch["If"], branch["Conv"]) == (3, 3)
