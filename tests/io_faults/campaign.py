"""Lets every operation of every command fail, in each way, and says what was broken: `[SCENARIO ...]`."""

import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

from io_faults.faults import Mode
from io_faults.scenarios import SCENARIOS
from io_faults.trial import find_broken, try_undisturbed


def main(names: list[str]) -> int:
    """Try all; 1 where something was broken."""
    broken = tried = 0
    for name in names or SCENARIOS:
        scenario, began = SCENARIOS[name], time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            undisturbed = try_undisturbed(scenario, Path(folder) / "undisturbed")
            for mode in get_args(Mode):
                for at in range(len(undisturbed.operations)):
                    tried += 1
                    for words in find_broken(scenario, Path(folder) / f"{mode}{at}", at, mode, undisturbed):
                        broken += 1
                        sys.stdout.write(f"{name}, {mode} at {at}: {words}\n")
                        sys.stdout.flush()
        sys.stdout.write(f"{name}: {len(undisturbed.operations)} operations, {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    sys.stdout.write(f"{tried} faults, {broken} promises broken\n")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
