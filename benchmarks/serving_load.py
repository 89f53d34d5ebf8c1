"""Clients of a served artefact, and the memory that its processes hold."""

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from itertools import chain, combinations
from typing import Self

import attrs
import numpy as np
import psutil
from acclimate.exporters import Session
from numpy.typing import NDArray

HEADER = "Inference-Header-Content-Length"


@attrs.frozen(eq=False)
class Question:
    """A request that is sent again and again.

    Args:
        inputs: `(1, ...)` by modality.
        body: of the request.
        json_length: bytes of the body that are JSON.
        logits: `(C,)`, what a session answers.
    """

    inputs: dict[str, NDArray[np.generic]]
    body: bytes
    json_length: int
    logits: NDArray[np.float32]


@attrs.frozen
class Answered:
    """What became of a request.

    Args:
        at: seconds since the start.
        seconds: that it took.
        error: what was wrong; None for an answer that a session gives too.
    """

    at: float
    seconds: float
    error: str | None


def make_questions(session: Session, seed: int = 0) -> list[Question]:
    """One for each subset of the modalities, as binary tensors."""
    generator = np.random.default_rng(seed)
    output = next(iter(next(iter(session.outputs.values())).values()))
    names = session.modalities
    questions = []
    for subset in chain.from_iterable(combinations(names, size + 1) for size in range(len(names))):
        inputs = {name: session.schema.preprocessing[name].random(generator, 1) for name in subset}
        described = [
            {
                "name": name,
                "datatype": "INT64" if values.dtype == np.int64 else "FP32",
                "shape": values.shape,
                "parameters": {"binary_data_size": values.nbytes},
            }
            for name, values in inputs.items()
        ]
        head = json.dumps({"inputs": described, "outputs": [{"name": output}]}).encode()
        body = b"".join([head, *(values.tobytes() for values in inputs.values())])
        questions.append(Question(inputs, body, len(head), session.run(inputs)[output][0]))
    return questions


@attrs.frozen(eq=False)
class Client:
    """Asks one question after the other, on a connection that stays open.

    Args:
        port: of the server, on this machine.
        model: its name.
        questions: to draw from.
        seed: of the order.
    """

    port: int
    model: str
    questions: Sequence[Question]
    seed: int

    def ask(self, seconds: float) -> list[Answered]:
        """Ask for so long."""
        generator, answers = np.random.default_rng(self.seed), []
        connection, start = HTTPConnection("127.0.0.1", self.port, timeout=60), time.perf_counter()
        while (begun := time.perf_counter()) < start + seconds:
            question = self.questions[generator.integers(len(self.questions))]
            try:
                error = _post(connection, f"/v2/models/{self.model}/infer", question)
            except (OSError, HTTPException, ValueError, LookupError) as caught:
                error = f"{type(caught).__name__}: {caught}"
                connection.close()
            answers.append(Answered(begun - start, time.perf_counter() - begun, error))
        connection.close()
        return answers


def drive(port: int, model: str, questions: Sequence[Question], clients: int, seconds: float) -> list[Answered]:
    """Let clients ask at the same time."""
    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(Client(port, model, questions, seed).ask, seconds) for seed in range(clients)]
        return [answered for future in futures for answered in future.result()]


def _post(connection: HTTPConnection, path: str, question: Question) -> str | None:
    headers = {"Content-Type": "application/octet-stream", HEADER: str(question.json_length)}
    connection.request("POST", path, question.body, headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        return f"{answer.status}: {body[:200]!r}"
    found = np.array(json.loads(body)["outputs"][0]["data"], np.float32)
    if not np.allclose(found, question.logits, rtol=1e-4, atol=1e-5):
        return f"{found} is not {question.logits}"
    return None


class MemoryWatch:
    """Reads what a process and its children hold, every so many seconds.

    Args:
        pid: of the process.
        interval: in seconds.
    """

    def __init__(self, pid: int, interval: float = 1.0) -> None:
        self.times: list[float] = []
        self.megabytes: list[float] = []
        self._process, self._interval, self._ended = psutil.Process(pid), interval, threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def growth(self, after: float) -> float:
        """Slope of a line through what was read later than `after` seconds, in MB a minute; NaN for fewer than two."""
        times, held = np.array(self.times), np.array(self.megabytes)
        late = times >= after
        return float(np.polyfit(times[late] / 60, held[late], 1)[0]) if late.sum() > 1 else float("nan")

    def _read(self) -> None:
        start = time.perf_counter()
        while not self._ended.is_set():
            processes = [self._process, *self._process.children(recursive=True)]
            self.times.append(time.perf_counter() - start)
            self.megabytes.append(sum(process.memory_info().rss for process in processes) / 1e6)
            self._ended.wait(self._interval)
