"""Fixtures of the tests of the loop."""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

import pytest
from accelerate.state import AcceleratorState, PartialState

PRELOADED = ["pytest", "loop.children", "loop.parts", "docstring_parser", "torch._dynamo"]


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes quickly: they are forked from a server that has imported once what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setenv("OMP_NUM_THREADS", "1")
        forkserver.ensure_running()
    return context


@pytest.fixture
def fresh_accelerator() -> Iterator[None]:
    """Accelerate keeps its first settings for the life of a process; take them away before and after a test."""
    for state in (AcceleratorState, PartialState):
        state._reset_state()  # noqa: SLF001 - accelerate's own tests have no other way
    yield
    for state in (AcceleratorState, PartialState):
        state._reset_state()  # noqa: SLF001 - accelerate's own tests have no other way
