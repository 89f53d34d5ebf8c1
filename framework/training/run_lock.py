"""The folder of a run is one run's, of however many processes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..files.folder_lock import lock_folder
from ..runs.run_folder import check_free
from .exchange import on_main


@contextmanager
def hold_run(out: Path, *, resume: bool) -> Iterator[None]:
    """Let nobody else write a run's folder meanwhile. Of several processes that train together, the main one holds it.

    Args:
        out: run folder, made where it is not there.
        resume: whether to go on with a run that is there.

    Raises:
        RunError: if another run has it, naming its process, or the folder cannot be used.
        WriteError: if it cannot be written.
    """
    with ExitStack() as stack:

        def hold() -> None:
            # Nothing is put into a folder that is something else.
            check_free(out, resume=resume)
            stack.enter_context(lock_folder(out))

        on_main(hold)
        yield
