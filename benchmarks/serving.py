"""Throughput, latency and memory of `acclimate serve` on loopback, beside a session without a server.

    python benchmarks/serving.py --clients 8 --seconds 600 --out OUT

Writes OUT/serving.json and .md, and prints the table. See benchmarks/README.md.
"""

import argparse
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from acclimate.adapters import LateSum
from acclimate.exporters import Session, export_onnx
from acclimate.framework import MultimodalModel, Task
from acclimate.framework.data import Schema
from acclimate.framework.data.preprocessing import AudioPreprocessing, ImagePreprocessing
from acclimate.framework.encoders import default_encoder
from interleaved import describe_machine, to_markdown
from serving_load import Answered, MemoryWatch, Question, drive, make_questions

COMMAND: Final = "import sys; from acclimate.__main__ import main; sys.exit(main())"
MODEL: Final = "model"
WARM_UP: Final = 0.2
"""Share of the time after which memory should not grow any more."""


def export_model(folder: Path) -> None:
    """An artefact of two default encoders, for a second of sound and small pictures."""
    torch.manual_seed(0)
    tasks = (Task("label", tuple("abcde")),)
    preprocessing = {
        "audio": AudioPreprocessing(sampling_rate=8000, samples=8000),
        "image": ImagePreprocessing(height=32, width=32, mean=[0.5] * 3, std=[0.25] * 3),
    }
    encoders = {name: default_encoder(part) for name, part in preprocessing.items()}
    export_onnx(MultimodalModel(encoders, tasks, LateSum()), folder, Schema(preprocessing, tasks), form="branch")


@contextmanager
def serving(folder: Path, workers: int, threads: int) -> Iterator[tuple[int, int]]:
    """A server's process and port; at the end it must go in peace.

    Raises:
        RuntimeError: if it dies, or ends with another code than 0.
    """
    with socket.create_server(("", 0)) as free:
        port: int = free.getsockname()[1]
    options = ["--name", MODEL, "--port", str(port), "--workers", str(workers), "--threads", str(threads)]
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-c", COMMAND, "serve", str(folder), *options]
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            _wait(process, port)
            yield process.pid, port
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
        if code:
            raise RuntimeError(f"the server ended with {code}.")


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    while process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", f"/v2/models/{MODEL}/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError(f"the server ended with {process.returncode} before it answered.")


def time_session(session: Session, questions: Sequence[Question], seconds: float) -> list[float]:
    """Seconds of each run of a session, one after the other."""
    generator, times, end = np.random.default_rng(0), [], time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        session.run(questions[generator.integers(len(questions))].inputs)
        times.append(time.perf_counter() - start)
    return times


def describe(name: str, times: Sequence[float], seconds: float) -> dict[str, Any]:
    """A row of the table."""
    p50, p95, p99, longest = 1e3 * np.quantile(times, [0.5, 0.95, 0.99, 1.0])
    return {"name": name, "per_second": len(times) / seconds, "p50": p50, "p95": p95, "p99": p99, "max": longest}


def count_errors(answers: Sequence[Answered]) -> dict[str, int]:
    """How often each error came."""
    return dict(Counter(answered.error for answered in answers if answered.error is not None))


def measure(folder: Path, *, clients: int, seconds: float, workers: int, threads: int) -> dict[str, Any]:
    """All figures.

    Args:
        folder: of the artefact.
        clients: that ask at the same time.
        seconds: to ask for.
        workers: of the server.
        threads: of each worker's session.
    """
    session = Session(folder, threads=threads)
    questions = make_questions(session)
    time_session(session, questions, min(1.0, seconds))
    floor_seconds = min(10.0, seconds)
    floor = describe("a session, no server", time_session(session, questions, floor_seconds), floor_seconds)
    with serving(folder, workers, threads) as (pid, port):
        drive(port, MODEL, questions, clients, min(2.0, seconds))
        with MemoryWatch(pid) as memory:
            answers = drive(port, MODEL, questions, clients, seconds)
    served = describe(f"acclimate serve, {clients} clients", [one.seconds for one in answers], seconds)
    return {
        "rows": [floor, served],
        "answers": len(answers),
        "errors": count_errors(answers),
        "memory": {
            "megabytes": [round(value, 1) for value in memory.megabytes],
            "seconds": [round(value, 1) for value in memory.times],
            "growth_per_minute": memory.growth(WARM_UP * seconds),
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Load on `acclimate serve`.")
    parser.add_argument("--artefact", type=Path, help="to serve; default: a small one, made first")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each worker's session")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.artefact or Path(temporary) / "artefact"
        if options.artefact is None:
            export_model(folder)
        sizes = {"clients": options.clients, "workers": options.workers, "threads": options.threads}
        found = measure(folder, seconds=options.seconds, **sizes)
    keys = ("per_second", "p50", "p95", "p99", "max")
    rows = [[row["name"], *(f"{row[key]:.1f}" for key in keys)] for row in found["rows"]]
    memory = found["memory"]
    text = to_markdown(["", "requests a second", "p50, ms", "p95", "p99", "longest"], rows) + (
        f"\n\n{sum(found['errors'].values())} errors in {found['answers']} requests. Memory of the server: "
        f"{memory['megabytes'][0]:.0f} MB at first, {memory['megabytes'][-1]:.0f} MB at last; "
        f"{memory['growth_per_minute']:+.2f} MB a minute after warm-up."
    )
    print(text)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        settings = {name: str(value) for name, value in vars(options).items() if name != "out"}
        content = {"machine": describe_machine(), "settings": settings, **found}
        (options.out / "serving.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        (options.out / "serving.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
