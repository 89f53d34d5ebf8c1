"""The pieces of benchmarks/serving.py run; exporters/test_serving.py tests the server itself. Nothing is timed."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import serving
from serving_load import Answered, MemoryWatch, Question, drive


def test_growth_is_a_slope_after_the_warm_up() -> None:
    watch = MemoryWatch(os.getpid())
    watch.times, watch.megabytes = [0.0, 30.0, 60.0, 90.0], [10.0, 100.0, 103.0, 106.0]
    assert watch.growth(after=20) == pytest.approx(6)
    assert np.isnan(watch.growth(after=80))


def test_memory_of_a_process_is_read_until_the_end() -> None:
    with MemoryWatch(os.getpid(), interval=0.01) as watch:
        pass
    assert len(watch.times) == len(watch.megabytes) >= 1
    assert watch.megabytes[0] > 1


def test_a_server_that_is_not_there_is_an_error_for_each_request() -> None:
    with socket.create_server(("", 0)) as free:
        port: int = free.getsockname()[1]
    question = Question({}, b"{}", 2, np.zeros(1, np.float32))
    answers = drive(port, "model", [question], clients=2, seconds=0.05)
    errors = serving.count_errors(answers)
    assert sum(errors.values()) == len(answers) >= 2
    assert all("ConnectionRefusedError" in error for error in errors)


def test_a_row_holds_throughput_and_quantiles() -> None:
    row = serving.describe("x", [0.001] * 99 + [1.0], seconds=2.0)
    assert (row["per_second"], row["p50"], row["max"]) == (50, 1, 1000)
    assert serving.count_errors([Answered(0, 1, None), Answered(0, 1, "no"), Answered(0, 1, "no")]) == {"no": 2}


def test_the_command_is_there() -> None:
    done = subprocess.run([sys.executable, "-c", serving.COMMAND, "--version"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
