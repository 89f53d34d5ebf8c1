"""What KServe's web application lacks: limits of what it reads, and errors of one line."""

import logging
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kserve.errors import InvalidInput, ModelNotFound
from kserve.model_server import app
from starlette.exceptions import HTTPException

from .gate import RequestGate
from .json_bounds import JsonBounds
from .limits import Limits

BAD_REQUEST: Final = 400


class OneLine(logging.Filter):
    """Leaves out of KServe's log where in its code a client's mistake was found, and of URLs what follows the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record; all are kept."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, InvalidInput | ModelNotFound | NotImplementedError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args, record.exc_info = "refused: %s", (str(error),), None
        elif record.name == "uvicorn.access" and isinstance(record.args, tuple):
            record.args = tuple(value.partition("?")[0] if isinstance(value, str) else value for value in record.args)
        return True


def prepare_application(limits: Limits, bounds: JsonBounds) -> None:
    """Prepare the application of this process; to be done once, before it starts.

    Args:
        limits: of one request.
        bounds: of its JSON.
    """
    app.add_middleware(RequestGate, limits=limits, bounds=bounds)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(HTTPException, _refuse)
    one_line = OneLine()
    for name in ("kserve", "uvicorn.access"):
        logging.getLogger(name).addFilter(one_line)
    # How long each request takes is told by /metrics.
    logging.getLogger("kserve.trace").addFilter(lambda _: False)


async def _refuse_form(_: object, error: Any) -> JSONResponse:  # noqa: ANN401 - one for each kind of error
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in {"body", "InferenceRequest"})
    return JSONResponse({"error": f"{place or 'body'}: {first['msg']}."}, BAD_REQUEST)


async def _refuse(_: object, error: Any) -> JSONResponse:  # noqa: ANN401 - one for each kind of error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
