"""Names of checkpoints, and of the files that one consists of."""

import re
from typing import Final

WEIGHTS_FILE: Final = "model.safetensors"
CONFIG_FILE: Final = "config.json"
CARD_FILE: Final = "README.md"
GRAPH_FILE: Final = "model.onnx"
METRICS_FILE: Final = "metrics.json"
HASHES_FILE: Final = "SHA256SUMS"

SIZE_LIMITS: Final = {
    CONFIG_FILE: 2**24,
    METRICS_FILE: 2**22,
    CARD_FILE: 2**20,
    WEIGHTS_FILE: 2**33,
    GRAPH_FILE: 2**31,
}
"""Bytes that each file may have at most: none is read that has more. A tokenizer makes config.json large."""

HASHES_LIMIT: Final = 2**12

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME: Final = 96

_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\..*")
"""Windows takes these for devices, whatever stands behind the point."""


def is_name(text: str) -> bool:
    """Whether this can be the name of a checkpoint: `method.tag`, in small letters, digits and hyphens.

    Example:
        >>> is_name("rna-uda.wrist"), is_name("rna-uda"), is_name("../wrist.onnx"), is_name("con.wrist")
        (True, False, False, False)
    """
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None and _DEVICE.fullmatch(text) is None
