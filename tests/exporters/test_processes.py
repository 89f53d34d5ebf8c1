"""A session belongs to the process that opened it."""

import copy
import multiprocessing
import os
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from acclimate.exporters import Session
from acclimate.framework import ExportError
from bits import assert_same_bits

from .opening import open_and_run
from .trio import FORMS, Trio

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("make", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_is_neither_pickled_nor_copied(make: Any, trio: Trio) -> None:  # noqa: ANN401 - a function
    with pytest.raises(TypeError, match=r"a Session can be neither pickled nor copied: open one in each process"):
        make(Session(trio.folders["split"]))


def test_processes_that_are_spawned_open_their_own(trio: Trio) -> None:
    inputs = trio.draw(3)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(open_and_run, (trio.folders[form] for form in FORMS), [inputs] * len(FORMS)))
    for form, values in zip(FORMS, found, strict=True):
        assert_same_bits(values, open_and_run(trio.folders[form], inputs))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
def test_a_fork_is_told_to_open_its_own(trio: Trio) -> None:
    """ONNX Runtime's threads are not copied with the rest of the process."""
    session, inputs = Session(trio.folders["branch"]), trio.draw(3)
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks beside threads, which is the point.
        child = os.fork()
    if child == 0:
        answer = "it ran"
        try:
            session.run(inputs)
        except ExportError as error:
            answer = str(error)
        finally:
            os.write(writable, answer.encode())
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable, encoding="utf-8") as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    assert answer.startswith(f"process {os.getpid()} opened this session, and its threads did not follow into the fork")
    session.run(inputs)
