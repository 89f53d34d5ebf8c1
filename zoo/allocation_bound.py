"""A bound on the memory that building a model may take, where strangers chose its sizes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

_LEAST: Final = 2**16
"""Bytes that a tensor counts for at least: a layer has objects in Python, too, of which there may be millions."""


class AllocationBound(TorchFunctionMode):
    """Refuses what would take too much memory, before it takes any.

    Within it, each operation of torch runs on shapes alone first, on torch's device `meta`, which says how large its
    result will be.

    Args:
        made: bytes that all tensors may take together which are made of no other tensors, such as weights.
        result: bytes that the result of one operation may take, such as a layer's output.

    Raises:
        MemoryError: within it, if an operation would take more.

    Example:
        >>> with AllocationBound(made=2**20, result=2**20):
        ...     torch.nn.Linear(10**6, 10**6)
        Traceback (most recent call last):
        MemoryError: empty would take 4000000000000 bytes, but there may be 1048576.
    """

    def __init__(self, made: int, result: int) -> None:
        super().__init__()
        self._left = made
        self._result = result

    def __torch_function__(
        self,
        func: Callable[..., Any],
        _: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - of whatever torch computes
        """Look at the result's size, then compute it."""
        kwargs = dict(kwargs or {})
        sizes = _result_sizes(func, args, kwargs)
        is_made = not any(isinstance(leaf, Tensor) for leaf in tree_leaves((args, kwargs)))
        if is_made:
            taken, allowed = sum(max(size, _LEAST) for size in sizes), self._left
            self._left -= taken
        else:
            taken, allowed = sum(sizes), self._result
        if taken > allowed:
            raise MemoryError(f"{func.__name__} would take {taken} bytes, but there may be {max(allowed, 0)}.")
        return func(*args, **kwargs)


def _result_sizes(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[int]:
    """Bytes of each tensor that comes out; none where the operation needs values, or fails, and will do so again."""
    named = {key: value for key, value in kwargs.items() if key not in {"device", "generator"}}
    try:
        with torch.device("meta"):
            found = func(*tree_map(_shape_alone, tuple(args)), **tree_map(_shape_alone, named))
    except Exception:  # noqa: BLE001 - operations have many ways to say so
        return []
    return [leaf.numel() * leaf.element_size() for leaf in tree_leaves(found) if isinstance(leaf, Tensor)]


def _shape_alone(value: object) -> object:
    if not isinstance(value, Tensor):
        return value
    return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
