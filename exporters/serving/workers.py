"""Worker processes that may take their time to start."""

from typing import Any

from kserve.protocol.rest.multiprocess import server
from kserve.protocol.rest.multiprocess.server import RESTServerProcess


class PatientProcess(RESTServerProcess):
    """KServe's, but for its start.

    KServe asks each worker twice a second whether it is there, and kills one that does not answer within 5 seconds.
    Before a worker can answer it has to import KServe and to open the artefact, so on a slow or busy machine none would
    ever start. Here one that has not answered yet is only watched.
    """

    _asked = _answered = False

    def is_alive(self, timeout: float = 5) -> bool:
        """Whether the process runs and, once it has started, answers.

        Args:
            timeout: for an answer, in seconds.
        """
        if self._answered:
            return bool(super().is_alive(timeout))
        if not self._asked:
            self._parent_conn.send(b"ping")
            self._asked = True
        if self._parent_conn.poll(0):
            self._parent_conn.recv()
            self._answered = True
        return bool(self._process.is_alive())


def use_patient_processes() -> None:
    """Let KServe start such workers."""
    module: Any = server
    module.RESTServerProcess = PatientProcess
