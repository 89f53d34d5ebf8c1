"""Names of an EfficientNet's weights in another library, which counts its blocks without stages."""

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

_OUTER: Final = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}

_INNER: Final = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}

_INNER_FIRST: Final = _INNER | {"_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""Of blocks that do not expand."""

_BLOCK: Final = re.compile(r"_blocks\.(\d+)\.(.+)")


def to_timm_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of an EfficientNet as efficientnet-pytorch names them, by timm's names; others as they are."""
    if "_conv_stem.weight" not in weights:
        return dict(weights)
    stages = _stages(weights)
    return {_rename(name, weights, stages): value for name, value in weights.items()}


def _rename(name: str, weights: Mapping[str, Tensor], stages: Mapping[int, str]) -> str:
    found = _BLOCK.fullmatch(name)
    if found is None:
        layer, _, kind = name.rpartition(".")
        return f"{_OUTER.get(layer, layer)}.{kind}"
    number = int(found[1])
    layer, _, kind = found[2].rpartition(".")
    expands = f"_blocks.{number}._expand_conv.weight" in weights
    return f"blocks.{stages[number]}.{(_INNER if expands else _INNER_FIRST).get(layer, layer)}.{kind}"


def _stages(weights: Mapping[str, Tensor]) -> dict[int, str]:
    """By a block's number, its stage and its number therein: all blocks of a stage give as many channels."""
    stages: dict[int, str] = {}
    stage, inner, before, number = -1, 0, 0, 0
    while f"_blocks.{number}._project_conv.weight" in weights:
        channels = len(weights[f"_blocks.{number}._project_conv.weight"])
        if channels != before:
            stage, inner, before = stage + 1, 0, channels
        stages[number] = f"{stage}.{inner}"
        number, inner = number + 1, inner + 1
    return stages
