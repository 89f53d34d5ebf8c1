"""Mutated pickles: `[NUMBER [SEED]]`. Each is converted, or refused in one line, and nothing that it names is run."""

import pickle
import pickletools
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from acclimate.framework.data.pickles import convert

# Beside this file, for tests and for a script alike.
sys.path.append(str(Path(__file__).parents[1]))
from data.pickled_columns import NAMES, pickled_column
from data.pickled_frames import RELEASES, pickled_frame
from fuzz.campaign import print_campaign
from fuzz.hostile_values import scramble

PLAIN: Final = {
    "a": [1, 2.5, "x"],
    "b": {"c": np.arange(6.0).reshape(2, 3)},
    "d": [np.ones(3), np.zeros(3)],
    "e": (1, 2),
}

BASES: Final = (
    *(pickled_frame(release) for release in RELEASES),
    *(pickled_column(name) for name in NAMES),
    *(pickle.dumps(PLAIN, protocol) for protocol in range(6)),
)

WORDS: Final = (
    *(opcode.code.encode("latin1") for opcode in pickletools.opcodes),
    *(
        b"cos\nsystem\n",
        b"cbuiltins\neval\n",
        b"(Vtrue\ntR",
        b"cnumpy\nndarray\n",
        b"cbuiltins\nset\n",
        b"\x85" * 999,
        b"(" * 999,
    ),
    *(
        b"h\x00h\x00h\x00",
        b"(N}V__class__\nNst",
        b"I99999999999999999999\n",
        b"\xff\xff\xff\x7f",
        b"]" * 999,
        b"\x94" * 99,
    ),
    *(b"O8", b"M8", b"V8", b"S0", b"U0", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x00\x01", b"\xff"),
)


def attempt(random: Random) -> str:
    """Convert a mutated pickle to a table or to arrays."""
    content = scramble(random.choice(BASES), random, WORDS)
    suffix = random.choice([".csv", ".npz"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "theirs.pkl"
        path.write_bytes(content)
        convert(path, path.with_name(f"ours{suffix}"))
    return f"converted to {suffix}"


if __name__ == "__main__":
    print_campaign(attempt, *sys.argv[1:])
