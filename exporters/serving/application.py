"""What KServe's web application lacks: a limit of a body's size, and errors of one line."""

import logging
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kserve.errors import InvalidInput, ModelNotFound
from kserve.model_server import app
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE: Final = 413
BAD_REQUEST: Final = 400


class BodyLimit:
    """Stops reading a request whose body is too large.

    Args:
        app: what answers the others.
        max_bytes: of a body.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        read = int(declared) if declared.isdigit() else 0

        async def receive_some() -> Message:
            nonlocal read
            message = {} if read > self.max_bytes else await receive()
            read += 0 if declared else len(message.get("body", b""))
            if read > self.max_bytes:
                # Raised where the body is asked for, it becomes an answer.
                raise HTTPException(TOO_LARGE, f"expected a body of at most {self.max_bytes} bytes, but got more.")
            return message

        await self.app(scope, receive_some, send)


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


def prepare_application(max_bytes: int) -> None:
    """Prepare the application of this process; to be done once, before it starts."""
    app.add_middleware(BodyLimit, max_bytes=max_bytes)
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
