"""What makes Python die, or take all memory, while it reads a pickle; found out before.

A key of a dictionary is hashed while it is read. Of tuples in a million tuples Python does that by calling itself as
often, without a bound, and so dies. For what is said to be long it makes room before it looks whether it is there.
"""

import io
import pickletools
from types import MappingProxyType
from typing import Final

import attrs

from ...errors import DataError
from .flattening import ENDLESS

MAX_DEPTH: Final = 256

_MARK: Final = -1
_KEEPS: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_FINDS: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_WRAPS: Final = frozenset({"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
_LENGTHS: Final = MappingProxyType(
    {
        pickletools.TAKEN_FROM_ARGUMENT1: 1,
        pickletools.TAKEN_FROM_ARGUMENT4: 4,
        pickletools.TAKEN_FROM_ARGUMENT4U: 4,
        pickletools.TAKEN_FROM_ARGUMENT8U: 8,
    }
)
"""Bytes of a number that says how long an argument is, by what pickletools calls it."""


@attrs.frozen
class _Step:
    """What an instruction does.

    Args:
        name: of the instruction.
        size: bytes of its argument; negative where they are told by a length, or by the end of a line.
        lines: that its argument has, if it ends by lines.
        pops: values that it takes, beside those above a mark.
        to_mark: whether it takes those.
        pushes: whether it gives a value.
    """

    name: str
    size: int
    lines: int
    pops: int
    to_mark: bool
    pushes: bool

    @classmethod
    def of(cls, opcode: pickletools.OpcodeInfo) -> "_Step":
        """What pickletools knows of an instruction."""
        taken = [str(item) for item in opcode.stack_before]
        size = 0 if opcode.arg is None else opcode.arg.n
        lines = 0 if size != pickletools.UP_TO_NEWLINE else 2 if opcode.name in {"GLOBAL", "INST"} else 1
        to_mark = "mark" in taken
        pops = taken.index("mark") if to_mark else len(taken)
        return cls(opcode.name, size, lines, pops, to_mark, bool(opcode.stack_after))


_STEPS: Final = MappingProxyType(
    {opcode.code.encode("latin1"): _Step.of(opcode) for opcode in pickletools.opcodes if opcode.name != "STOP"}
)


def check_nesting(stream: io.BufferedIOBase) -> None:
    """Go through a pickle's instructions without following them. Where they are damaged, whoever follows them says so.

    Args:
        stream: stands where it stood afterwards.

    Raises:
        DataError: if tuples lie deeper in each other than `MAX_DEPTH`, something is longer than the pickle, or is
            remembered under a number that none reaches who counts.
    """
    start = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    stream.seek(start)
    depths: list[int] = []
    memo: dict[int, int] = {}
    number = 0
    while (step := _STEPS.get(stream.read(1))) is not None:
        number += 1
        argument = _read_argument(stream, step, end)
        # Python makes room for all numbers below.
        if step.name in _KEEPS and argument > number:
            raise DataError(f"expected a pickle of data, but found that its part {number} is remembered as {argument}.")
        if step.name == "MARK":
            depths.append(_MARK)
        elif step.name in _KEEPS:
            memo[len(memo) if step.name == "MEMOIZE" else argument] = depths[-1] if depths else 0
        elif step.name in _FINDS:
            depths.append(memo.get(argument, 0))
        elif step.name == "DUP":
            depths.append(depths[-1] if depths else 0)
        else:
            depth = _take(depths, step) + (step.name in _WRAPS)
            if depth > MAX_DEPTH:
                raise DataError(ENDLESS)
            if step.pushes:
                depths.append(depth)
    stream.seek(start)


def _take(depths: list[int], step: _Step) -> int:
    """Remove what an instruction takes, and say how deep the deepest of it is."""
    deepest = 0
    if step.to_mark:
        while depths and (depth := depths.pop()) != _MARK:
            deepest = max(deepest, depth)
    for _ in range(min(step.pops, len(depths))):
        deepest = max(deepest, depths.pop())
    return deepest


def _read_argument(stream: io.BufferedIOBase, step: _Step, end: int) -> int:
    """The number that an argument is; 0 if it is none."""
    if step.lines:
        text = b"".join(stream.readline() for _ in range(step.lines))
        try:
            return int(text)
        except ValueError:
            return 0
    told = step.size if step.size >= 0 else _LENGTHS[step.size]
    value = int.from_bytes(stream.read(told), "little") if told else 0
    if step.size >= 0 and step.name != "FRAME":
        return value
    # Python makes room for it before it reads.
    if value > end - stream.tell():
        raise DataError(
            f"expected a pickle of data, but found that something in it has {value:,} bytes, which it has not."
        )
    if step.name != "FRAME":
        stream.seek(value, io.SEEK_CUR)
    return 0
