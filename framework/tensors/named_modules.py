"""Modules by names that users give: of modalities, tasks and the parts of a recipe."""

from collections.abc import ItemsView, Iterator, KeysView
from typing import Final

from torch import nn

_TAKEN: Final = frozenset(dir(nn.ModuleDict()))
"""Attributes of torch's own, which it lets no module be called."""

_MARK: Final = "__"


class NamedModules(nn.ModuleDict):
    """Torch's, but that a module may be called as one of its attributes is, such as `type`, `values` or `training`.

    Its weights are called `type__.weight` then; all others' as they are in torch's.

    Example:
        >>> modules = NamedModules({"audio": nn.Linear(1, 1), "type": nn.Linear(1, 1)})
        >>> list(modules), "type" in modules, list(modules.state_dict())[2:]
        (['audio', 'type'], True, ['type__.weight', 'type__.bias'])
    """

    def __getitem__(self, key: str) -> nn.Module:
        return super().__getitem__(_inner(key))

    def __setitem__(self, key: str, module: nn.Module) -> None:
        super().__setitem__(_inner(key), module)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(_inner(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: str) -> bool:
        return super().__contains__(_inner(key))

    def keys(self) -> KeysView[str]:
        """Names as they were given."""
        return dict.fromkeys(map(_outer, super().keys())).keys()

    def items(self) -> ItemsView[str, nn.Module]:
        """Modules by these names."""
        return {_outer(key): module for key, module in super().items()}.items()


def _inner(name: str) -> str:
    return name + _MARK if name in _TAKEN or name.endswith(_MARK) else name


def _outer(key: str) -> str:
    return key.removesuffix(_MARK)
