"""Values and words that parsers trip over, and mutations of documents that are made of plain values."""

from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any, Final


def nested(depth: int) -> list[Any]:
    """Lists in lists."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


VALUES: Final[Sequence[Any]] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    -(2**64),
    10**400,
    0.5,
    -0.0,
    1e308,
    float("inf"),
    float("nan"),
    "",
    " ",
    "..x",
    "a..b",
    "os.system",
    "*",
    "nan",
    "\u00b2",
    "\x00",
    "\ud800",
    "\U0001f600" * 20,
    "x" * 5000,
    "{class_path: os.system}",
    "&a [*a]",
    "2020-13-45",
    [],
    {},
    [None],
    [[1], [2, 3]],
    {"": ""},
    {"class_path": "os.system", "init_args": {}},
    {"class_path": "acclimate.adapters.LateSum"},
    [0.0] * 400,
    nested(40),
    nested(150),
    ["x" * 1000, 1],
    list(range(2000)),
)


def mutate(document: Any, random: Random, times: int) -> Any:  # noqa: ANN401 - plain data
    """A copy in which values are replaced, removed, doubled, or called otherwise."""
    found = deepcopy(document)
    for _ in range(times):
        places = list(_places(found))
        if not places:
            return random.choice(VALUES)
        holder, key = random.choice(places)
        what = random.randrange(5)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, dict):
            holder[random.choice([key + "s", "", "name", "x.y", "\u00b2", "\ud800", "class_path"])] = holder.pop(key)
        elif what == 2 and isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        elif what == 3:
            other, place = random.choice(places)
            holder[key] = deepcopy(other[place])
        else:
            holder[key] = deepcopy(random.choice(VALUES))
    return found


def scramble(content: bytes, random: Random, words: Sequence[bytes]) -> bytes:
    """Bytes changed, cut out, doubled, and words put in."""
    found = bytearray(content)
    for _ in range(random.randrange(1, 4)):
        start = random.randrange(len(found) + 1)
        end = min(len(found), start + random.choice([0, 1, 3, 40, 400]))
        what = random.randrange(4)
        if what == 0:
            found[start:end] = random.choice(words)
        elif what == 1:
            del found[start:end]
        elif what == 2:
            found[start:start] = found[start:end] * random.choice([1, 5, 50])
        elif start < len(found):
            found[start] = random.randrange(256)
    return bytes(found)


def _places(value: Any) -> Any:  # noqa: ANN401 - plain data
    left = [value]
    while left:
        holder = left.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in list(keys)[:200]:
            yield holder, key
            if isinstance(holder[key], dict | list):
                left.append(holder[key])
