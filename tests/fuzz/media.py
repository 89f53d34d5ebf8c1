"""Mutated sound, pictures, arrays, texts and archives: `[NUMBER [SEED]]`. Each is decoded, or refused in one line."""

import sys
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

# Beside this file, for tests and for a script alike.
sys.path.append(str(Path(__file__).parents[1]))
from acclimate.framework.data.decoding import decode
from acclimate.framework.data.reading import read_cell
from data.media import FOREIGN, GOOD, archive
from fuzz.campaign import print_campaign
from fuzz.hostile_values import scramble

WORDS: Final = (
    *(b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x01", b"\x80\0\0\0", b"\xff\xd8\xff"),
    *(b"RIFF", b"data", b"fLaC", b"OggS\0\x02", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"Xing", b"IDAT", b"IEND", b"acTL"),
    *(
        b"\xff\xe1\xff\xff",
        b"Exif\0\0",
        b"II*\0",
        b"MM\0*",
        b"VP8L",
        b"VP8X",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\x93NUMPY",
    ),
    *(b"'shape': (1000000000000000000,)", b"'descr': '|O'", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xfe", b"\x89HDF"),
)
"""What stands in headers, and what should not."""

MEMBERS: Final = {"a.npy": GOOD["a.npy"], "b.wav": GOOD["a.wav"], "c.png": GOOD["a.png"]}
CELLS: Final = {".npz": ("a.npz:a", "a.npz:a[1]"), ".zip": ("a.zip!b.wav", "a.zip!c.png")}


def attempt(random: Random) -> str:
    """Mutate one file and read it as what its name, or another one, says."""
    kind = random.choice(["media"] * 3 + [*CELLS])
    if kind in CELLS:
        content = scramble(archive(MEMBERS), random, WORDS)
        (_folder() / f"a{kind}").write_bytes(content)
        return f"decoded from {kind}: {read_cell(random.choice(CELLS[kind]), _folder()).kind}"
    name, content = random.choice([*(GOOD if random.randrange(4) else FOREIGN).items()])
    own = name[1:] if name in GOOD else random.choice([*GOOD])[1:]
    suffix = own if random.randrange(4) else random.choice([*GOOD])[1:]
    if random.randrange(5):
        content = scramble(content, random, WORDS)
    return f"decoded as {decode(content, suffix, 'x').kind}"


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzzed-media-"))


if __name__ == "__main__":
    print_campaign(attempt, *sys.argv[1:])
