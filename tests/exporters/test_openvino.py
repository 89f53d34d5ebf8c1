"""OpenVINO behind the session: the same answers as ONNX Runtime in all forms, or an error of one line."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from acclimate.exporters import Execution, Session, TensorSession, execution as execution_module
from acclimate.exporters.artefact import Form
from acclimate.framework.errors import DataError, ExportError
from acclimate.framework.layout import modality_subsets
from bits import assert_same_bits
from onnx import TensorProto, helper

from acclimate.__main__ import main

from .trio import FORMS, Trio, export_trio

pytest.importorskip("openvino", reason="OpenVINO is not installed")

FOLDER = Path(__file__).parents[2] / "zoo/checkpoints/osan.wrist"

HEAR_A_SIGNAL = """
import gc, os, signal, sys
from acclimate.exporters import Session

sessions = [Session(sys.argv[1], provider="openvino") for _ in range(3)]
while sessions:
    del sessions[0]
    gc.collect()
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Trio:
    return export_trio(tmp_path_factory.mktemp("trio"))


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_answer_as_in_onnx_runtime(form: Form, trio: Trio) -> None:
    session, expected = Session(trio.folders[form], provider="openvino"), Session(trio.folders[form])
    tensors = TensorSession(trio.folders[form], provider="openvino")
    assert session.provider == tensors.provider == "OpenVINO"
    inputs, lengths = trio.draw(5), {"motion": np.array([12, 7, 1, 5, 9])}
    masks = [np.array([[1, 1, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])]
    masks += [np.tile([name in subset for name in inputs], (5, 1)) for subset in modality_subsets(tuple(inputs))]
    for present in masks:
        found = session.run(inputs, present, lengths)
        on_tensors = tensors.run({name: torch.from_numpy(rows) for name, rows in inputs.items()}, present, lengths)
        for name, values in expected.run(inputs, present, lengths).items():
            np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(on_tensors[name].numpy(), values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_absent_slots_reach_nothing(form: Form, trio: Trio) -> None:
    session = Session(trio.folders[form], provider="openvino")
    inputs, present = trio.draw(4), np.array([[1, 1, 0], [0, 1, 1], [0, 1, 0], [0, 1, 1]])
    expected = session.run(inputs, present)
    for column, name in ((0, "motion"), (2, "place")):
        inputs[name][present[:, column] == 0] = np.nan
    for name, values in session.run(inputs, present).items():
        assert_same_bits(values, expected[name])


def test_threads_share_a_session() -> None:
    session = Session(FOLDER, provider="openvino", threads=1)
    generator = np.random.default_rng(0)
    batches = [
        {name: part.random(generator, rows) for name, part in session.schema.preprocessing.items()}
        for rows in (1, 3, 5) * 8
    ]
    expected = [session.run(batch)["logits"] for batch in batches]
    with ThreadPoolExecutor(max_workers=6) as pool:
        found = list(pool.map(lambda batch: session.run(batch)["logits"], batches))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_bfloat16_is_what_really_runs_or_is_refused() -> None:
    import openvino

    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(ExportError, match="this processor would compute in f32"):
            Session(FOLDER, provider="openvino-bfloat16")
        return
    session, expected = Session(FOLDER, provider="openvino-bfloat16"), Session(FOLDER)
    generator = np.random.default_rng(0)
    inputs = {name: part.random(generator, 64) for name, part in session.schema.preprocessing.items()}
    found, wanted = session.run(inputs)["logits"], expected.run(inputs)["logits"]
    assert session.provider == "OpenVINO-bfloat16"
    assert 1e-4 < np.abs(found - wanted).max() < 1
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).mean() > 0.9


def test_what_cannot_be_opened_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    execution = Execution(provider="openvino")
    with pytest.raises(ExportError, match=r"^x cannot be opened in OpenVINO: Unable to read the model") as error:
        execution.runtime(b"garbage", "x")
    assert "\n" not in str(error.value)
    outside = helper.make_tensor("w", TensorProto.FLOAT, [4, 2], np.zeros(8))
    outside.ClearField("float_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="somewhere")
    with pytest.raises(ExportError, match="values must lie in the file itself"):
        execution.runtime(make_product(outside).SerializeToString(), "x")
    with pytest.raises(ExportError, match="pool is ONNX Runtime's, but the provider is OpenVINO"):
        Execution(provider="openvino", pool="shared")
    monkeypatch.setattr(execution_module, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"provider openvino needs the package openvino: pip install 'acclimate\["):
        Execution(provider="openvino")


def test_a_batch_of_another_shape_is_refused() -> None:
    graph = make_product(helper.make_tensor("w", TensorProto.FLOAT, [4, 2], np.arange(8.0)))
    opened = Execution(provider="openvino").runtime(graph.SerializeToString(), "x")
    (found,) = opened.run({"x": np.ones((3, 4), np.float32)})
    np.testing.assert_allclose(found, [[12.0, 16.0]] * 3)
    with pytest.raises(DataError, match="the graph refuses this batch") as error:
        opened.run({"x": np.ones((3, 5), np.float32)})
    assert "\n" not in str(error.value)


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal here")
def test_a_process_hears_signals_after_its_sessions_have_gone() -> None:
    command = [sys.executable, "-P", "-c", HEAR_A_SIGNAL, str(FOLDER)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "heard\n"), found.stderr


def test_predict_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32))
    said = []
    for provider in ("cpu", "openvino"):
        code = main(["predict", str(FOLDER), "--accelerometer", str(tmp_path / "a.npy"), "--provider", provider])
        said.append((code, capsys.readouterr().out))
    assert said[0] == said[1]
    assert said[0][0] == 0


def make_product(weights: TensorProto) -> onnx.ModelProto:
    """Rows of four numbers times a matrix."""
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]) for name, size in (("x", 4), ("y", 2))
    ]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "product", ports[:1], ports[1:], [weights]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
