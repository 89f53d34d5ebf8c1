"""`acclimate serve`: a real server, over loopback."""

import base64
import json
import signal
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import chain, combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
from acclimate.exporters.session import Session
from bits import assert_same_bits
from numpy.typing import NDArray
from PIL import Image

from acclimate.__main__ import main

from .conftest import Exported
from .serving_process import AUDIO, Server, start, stop

pytestmark = pytest.mark.server

BINARY: Final = {"Content-Type": "application/octet-stream"}

needs_kserve = pytest.mark.skipif(find_spec("kserve") is None, reason="the package kserve is not installed")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server writes."""
    return tmp_path_factory.mktemp("serving") / "log"


@pytest.fixture(scope="module")
def server(recordings: Exported, log: Path) -> Iterator[Server]:
    """One server for all tests."""
    if find_spec("kserve") is None:
        pytest.skip("the package kserve is not installed")
    found = start(recordings.folder, log, "--max-rows", "8", "--max-megabytes", "1")
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


@pytest.fixture(scope="module")
def session(recordings: Exported) -> Session:
    """What the server's answers are compared with."""
    return Session(recordings.folder, threads=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One sample's files, by modality."""
    generator, folder = np.random.default_rng(0), tmp_path_factory.mktemp("files")
    soundfile.write(folder / "tone.wav", 0.5 * np.sin(np.arange(350) / 5), 8000)
    Image.fromarray(generator.integers(0, 256, (12, 10), dtype=np.uint8)).save(folder / "scan.png")
    np.save(folder / "move.npy", generator.standard_normal((25, 2)))
    return {"audio": folder / "tone.wav", "image": folder / "scan.png", "wrist-left": folder / "move.npy"}


def tensor(name: str, values: NDArray[np.float32]) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": list(values.shape), "data": values.ravel().tolist()}


def arrays(answer: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    return {one["name"]: np.array(one["data"]).reshape(one["shape"]) for one in answer["outputs"]}


def test_health_and_metadata(server: Server) -> None:
    assert server.ask("/v2/health/live")[:2] == (200, {"live": True})
    assert server.ask("/v2/models/digits/ready")[:2] == (200, {"name": "digits", "ready": True})
    status, metadata, _ = server.ask("/v2/models/digits")
    assert status == 200
    assert {one["name"]: (one["datatype"], one["shape"]) for one in metadata["inputs"]} == {
        "audio": ("FP32", [-1, 400]),
        "image": ("FP32", [-1, 1, 8, 8]),
        "wrist-left": ("FP32", [-1, 2, 20]),
        "present": ("FP32", [-1, 3]),
    }
    assert [one["name"] for one in metadata["outputs"]][-2:] == ["digit_probabilities", "digit_label"]


def test_every_subset_is_answered_as_a_session_does(server: Server, session: Session, recordings: Exported) -> None:
    inputs, names = recordings.inputs(3), session.modalities
    for subset in chain.from_iterable(combinations(names, size) for size in (1, 2, 3)):
        given = {name: inputs[name] for name in subset}
        status, answer = server.infer(*(tensor(name, values) for name, values in given.items()), id="seven")
        assert (status, answer["id"], answer["model_name"]) == (200, "seven", "digits")
        found, expected = arrays(answer), session.run(given)
        for name, values in expected.items():
            assert_same_bits(found[name].astype(np.float32), values)
        classes = np.array(["one", "two", "three"])
        assert list(found["digit_label"]) == list(classes[expected["logits"].argmax(axis=1)])
        np.testing.assert_allclose(found["digit_probabilities"].sum(axis=1), 1, rtol=1e-6)


def test_rows_differ_in_what_they_have(server: Server, session: Session, recordings: Exported) -> None:
    inputs = recordings.inputs(2)
    present = np.array([[1, 0, 1], [0, 1, 0]], np.float32)
    inputs["image"][0] = 1e30  # An absent slot may hold anything that JSON has.
    given = [tensor(name, values) for name, values in inputs.items()]
    expected = session.run(inputs, present)["logits"]
    status, answer = server.infer(*given, tensor("present", present))
    assert status == 200
    assert_same_bits(arrays(answer)["logits"].astype(np.float32), expected)
    instances = [
        {name: values[row].tolist() for column, (name, values) in enumerate(inputs.items()) if present[row, column]}
        for row in (0, 1)
    ]
    status, body, _ = server.ask("/v1/models/digits:predict", {"instances": instances})
    assert status == 200
    assert_same_bits(np.float32([one["logits"] for one in body["predictions"]]), expected)


def test_files_are_answered_as_predict_does(server: Server, session: Session, files: dict[str, Path]) -> None:
    content = {name: path.read_bytes() for name, path in files.items()}
    text = {name: base64.b64encode(value).decode() for name, value in content.items()}
    expected = session.predict(files)
    inputs = [{"name": name, "datatype": "BYTES", "shape": [1], "data": [value]} for name, value in text.items()]
    found = arrays(server.infer(*inputs)[1])
    instance = {name: {"b64": value} for name, value in text.items()}
    (other,) = server.ask("/v1/models/digits:predict", {"instances": [instance]})[1]["predictions"]
    assert list(found["digit_label"]) == [other["digit_label"]] == [expected.labels["digit"]]
    for probabilities in (found["digit_probabilities"][0], other["digit_probabilities"]):
        np.testing.assert_allclose(probabilities, list(expected.probabilities["digit"].values()), rtol=1e-6)


def test_binary_tensors_in_and_out(server: Server, session: Session, files: dict[str, Path]) -> None:
    values = np.random.default_rng(0).standard_normal((1, 400), dtype=np.float32)
    picture = files["image"].read_bytes()
    parts = [values.tobytes(), struct.pack("<I", len(picture)) + picture]
    inputs = [
        {"name": "audio", "datatype": "FP32", "shape": [1, 400], "parameters": {"binary_data_size": len(parts[0])}},
        {"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(parts[1])}},
    ]
    outputs = [{"name": "logits", "parameters": {"binary_data": True}}, {"name": "digit_label"}]
    head = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    sizes = {**BINARY, "Inference-Header-Content-Length": str(len(head))}
    status, body, headers = server.ask("/v2/models/digits/infer", b"".join([head, *parts]), sizes)
    assert status == 200
    length = int(headers["inference-header-content-length"])
    decoded = session.schema.preprocessing["image"]
    prepared = session._prepare("image", files["image"]).values[np.newaxis]  # noqa: SLF001
    expected = session.run({"audio": values, "image": prepared})["logits"]
    assert decoded.shape == prepared.shape[1:]
    assert_same_bits(np.frombuffer(body[length:], np.float32)[np.newaxis], expected)
    assert [one["name"] for one in json.loads(body[:length])["outputs"]] == ["logits", "digit_label"]


def test_grpc(server: Server, session: Session, recordings: Exported) -> None:
    grpc = pytest.importorskip("grpc")
    messages = pytest.importorskip("kserve.protocol.grpc.grpc_predict_v2_pb2")
    services = pytest.importorskip("kserve.protocol.grpc.grpc_predict_v2_pb2_grpc")
    values = recordings.inputs(1)["audio"]
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        infer = services.GRPCInferenceServiceStub(channel).ModelInfer
        described = {"name": "audio", "datatype": "FP32", "shape": [1, 400]}
        request = {"model_name": "digits", "inputs": [described], "raw_input_contents": [values.tobytes()]}
        answer = infer(messages.ModelInferRequest(**request))
        found = np.frombuffer(answer.raw_output_contents[0], np.float32)
        assert_same_bits(found, session.run({"audio": values})["logits"][0])
        with pytest.raises(grpc.RpcError, match=r"the shape .* needs 1600 bytes, but got 1") as raised:
            infer(messages.ModelInferRequest(**{**request, "raw_input_contents": [b"1"]}))
        assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "expected at least one modality of audio, image, wrist-left, but got none"),
        ([{**AUDIO, "name": "video"}], "unknown input 'video'"),
        ([{**AUDIO, "shape": [1, 200], "data": [0.0] * 200}], "audio: expected the shape ('batch', 400)"),
        ([{**AUDIO, "datatype": "INT64", "data": [0] * 400}], "audio: expected float32 values, but got int64"),
        ([{**AUDIO, "data": [float("nan")] * 400}], "the request is no JSON"),
        ([{**AUDIO, "data": [1e300] * 400}], "audio: expected finite values, but row 0 holds NaN or infinity"),
        ([{**AUDIO, "data": [1e38] * 400}], "digit: row 0 has no finite answer"),
        ([AUDIO, tensor("image", np.zeros((2, 1, 8, 8), np.float32))], "must have the same number of rows"),
        ([AUDIO, tensor("present", np.zeros((1, 3), np.float32))], "every row must have a modality"),
        ([AUDIO, tensor("present", np.ones((1, 3), np.float32))], "present says that rows have image"),
        ([{**AUDIO, "shape": [9, 400], "data": []}], "expected 1 to 8 rows, but got 9"),
        ([{**AUDIO, "datatype": "BYTES", "shape": [1], "data": ["R0lGODlh"]}], "audio: row 0: expected the content of"),
        ([{**AUDIO, "datatype": "BYTES", "shape": [1], "data": ["/etc/hosts"]}], "content in base64"),
        ([{"name": 1}], "inputs.0.name must be a string, but is int"),
        ([{**AUDIO, "data": [[1.0], [2.0, 3.0]]}], "audio: expected lists of equal lengths"),
    ],
)
def test_bad_input_is_the_clients_mistake(inputs: list[Any], message: str, server: Server) -> None:
    status, body = server.infer(*inputs)
    assert (status, list(body)) == (400, ["error"])
    assert message in body["error"]
    assert "\n" not in body["error"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v2/models/digits/infer", b"{", {}, 400),
        ("/v2/models/digits/infer", b"[]", {}, 400),
        ("/v2/models/digits/infer", b"\xff", BINARY, 400),
        ("/v2/models/digits/infer", b'{"inputs": [{}]}', BINARY, 400),
        ("/v2/models/digits/infer", b'{"inputs": []}', {**BINARY, "Inference-Header-Content-Length": "x"}, 400),
        ("/v2/models/digits/infer", b'{"inputs": []}  x', {**BINARY, "Inference-Header-Content-Length": "14"}, 400),
        ("/v2/models/digits/infer", {"inputs": [AUDIO], "outputs": [{"name": "nonesuch"}]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [AUDIO], "outputs": [{"name": "logits"}] * 2}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [AUDIO], "id": "\ud800"}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [AUDIO], "id": {"a": 1}}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [{**AUDIO, "name": "\ud800"}]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [AUDIO], "parameters": [1]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [{**AUDIO, "shape": [1, 2**70]}]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [{**AUDIO, "shape": [1.0, 400]}]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [{**AUDIO, "data": [10**400] * 400}]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [{**AUDIO, "data": [{}] * 400}]}, {}, 400),
        ("/v2/models/digits/infer", {"inputs": [{**AUDIO, "data": ["x" * 9 * 10**5, *([0] * 399)]}]}, {}, 400),
        ("/v2/models/digits/infer", b'{"inputs": [], "inputs": []}', {}, 400),
        ("/v2/models/digits/infer", b'{"inputs": [' + b"[" * 200 + b"]" * 200 + b"]}", {}, 400),
        ("/v2/models/digits/infer", b'{"inputs": [' + b"[" * 5000, {}, 413),
        ("/v2/models/digits/infer", b'{"inputs": ' + b"9" * 10**5 + b"}", {}, 400),
        ("/v2/models/digits/infer", b'{"inputs": []}', {**BINARY, "Inference-Header-Content-Length": "-5"}, 400),
        ("/v2/models/digits/infer", b'{"inputs": []}', {**BINARY, "Inference-Header-Content-Length": "99"}, 400),
        (
            "/v2/models/digits/infer",
            {"inputs": [{"name": "audio", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": -1}}]},
            BINARY,
            400,
        ),
        ("/v2/models/nonesuch/infer", {"inputs": [AUDIO]}, {}, 404),
        ("/v2/models/digits/infer", b" " * (2**20 + 1), {}, 413),
        ("/v2/repository/models/digits/unload", {}, {}, 400),
        ("/v1/models/digits:predict", b"\xff", {}, 400),
        ("/v1/models/digits:predict", b"sound", {"Content-Type": "audio/wav"}, 400),
        ("/v1/models/digits:predict", {"instances": [{"audio": [1]}]}, {}, 400),
        ("/v1/models/digits:predict", {"instances": [{"audio": {"b64": "\ud800"}}]}, {}, 400),
        ("/v1/models/digits:predict", {"instances": [{"\ud800": 1}]}, {}, 400),
        ("/v1/models/digits:predict", b'{"instances": [{"audio": [NaN]}]}', {}, 400),
        ("/v1/models/digits:predict", b'{"instances": [{"audio": [1], "audio": [1]}]}', {}, 400),
        ("/v1/models/digits:predict", b'{"instances": [' + b"[]," * 5000 + b"[]]}", {}, 413),
        ("/v1/models/digits:predict", {"instances": [{}]}, {"ce-id": "1", "ce-type": "x", "ce-source": "y"}, 400),
        ("/v1/models/digits:predict", {"data": 1}, {"Content-Type": "application/cloudevents+json"}, 400),
        ("/v1/models/nonesuch:predict", {"instances": []}, {}, 404),
        ("/nonesuch", {}, {}, 404),
    ],
)
def test_what_is_no_request_is_refused(
    path: str, body: object, headers: dict[str, str], status: int, server: Server
) -> None:
    found, answer, _ = server.ask(path, body, headers)
    assert (found, list(answer)) == (status, ["error"])


def test_a_body_of_unknown_length_is_cut_off(server: Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    chunks = (b" " * 2**18 for _ in range(5))
    connection.request("POST", "/v1/models/digits:predict", chunks, {}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_clients_at_the_same_time(server: Server, session: Session, recordings: Exported) -> None:
    batches = [recordings.inputs(rows=1 + seed % 4, seed=seed) for seed in range(32)]

    def ask(batch: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        answer = server.infer(*(tensor(name, values) for name, values in batch.items()))[1]
        return arrays(answer)["logits"].astype(np.float32)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, batches))
    for batch, logits in zip(batches, found, strict=True):
        np.testing.assert_allclose(logits, session.run(batch)["logits"], rtol=1e-6)


def test_metrics_count_requests(server: Server) -> None:
    def count() -> float:
        lines = server.ask("/metrics")[1].decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("request_predict_seconds_count"))

    before = count()
    server.infer(AUDIO)
    assert count() == before + 1


def test_mistakes_of_clients_take_one_line_of_the_log(server: Server, log: Path) -> None:
    server.infer({**AUDIO, "name": "clip"})
    server.ask("/v2/models/digits?token=secret")
    text = log.read_text()
    assert "refused: unknown input 'clip'" in text
    assert "Traceback" not in text
    assert "secret" not in text


def test_sigterm_ends_it_after_the_last_answer(server: Server, log: Path) -> None:
    """The last test of this server."""
    body = json.dumps({"inputs": [AUDIO]}).encode()
    head = f"POST /v2/models/digits/infer HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n".encode())
        assert b"100 Continue" in connection.recv(1000)  # It waits for the body.
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.process.poll() is None
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert server.process.wait(timeout=60) == 0, log.read_text()


@needs_kserve
def test_workers_share_the_port(recordings: Exported, tmp_path: Path) -> None:
    found = start(recordings.folder, tmp_path / "log", "--workers", "2")
    try:
        assert all(found.infer(AUDIO)[0] == 200 for _ in range(20))
        assert found.ask("/v2/models/digits/infer", b"{")[0] == 400
        assert stop(found) == 0
    finally:
        found.process.kill()
        found.process.wait()


def error_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["serve", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@needs_kserve
def test_bad_options_are_refused_in_one_line(recordings: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(recordings.folder)
    with socket.create_server(("", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port} cannot be listened to" in error_line([folder, "--port", port], capsys)
    assert "--host must be an address" in error_line([folder, "--host", ""], capsys)
    assert "cannot be listened to" in error_line([folder, "--host", "nowhere.invalid"], capsys)
    assert "--name must be letters" in error_line([folder, "--name", "a/b"], capsys)
    assert "--workers must be positive, but got 0" in error_line([folder, "--workers", "0"], capsys)
    assert "--max-rows must be positive, but got 0" in error_line([folder, "--max-rows", "0"], capsys)


@pytest.mark.skipif(find_spec("kserve") is not None, reason="the package kserve is installed")
def test_a_missing_package_is_named(recordings: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    assert "pip install 'acclimate[serve]'" in error_line([str(recordings.folder)], capsys)
