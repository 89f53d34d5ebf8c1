"""Kills `adapt --workers 2` and `compare` at random moments until each has died so often: `[KILLS [SEED]]`.

Whatever was killed is started again at once, and must end as if nobody had killed it: to the bit, with the same log.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from io_faults.scenarios import ADAPT, KEPT, end_of_run, tested_table

EPOCHS = "8"
"""Of the second stage: so that a run trains about as long as Python needs to start."""


def adapt(out: Path) -> list[str]:
    """A run that is gone on with where it is there."""
    resume = ["--resume"] if (out / "config.yaml").exists() else []
    options = ["--workers", "2", "--checkpoint-every", "2", "--set", f"stages.1.epochs={EPOCHS}"]
    return ["adapt", *ADAPT, "--out", str(out), *options, *resume]


def compare(out: Path) -> list[str]:
    """A grid of two seeds, whose cells run beside each other."""
    recipe = ["--recipes", str(KEPT / "recipe.yaml"), "--set", f"stages.1.epochs={EPOCHS}", "--seeds", "2"]
    data = ["--data", tested_table(), "--shift", "here:there", "--device", "cpu"]
    return ["compare", *recipe, *data, "--processes", "2", "--out", str(out)]


def end(out: Path) -> Mapping[str, object]:
    """Weights, logs and scores of all runs in a folder; without times."""
    found: dict[str, object] = {}
    for config in sorted(out.rglob("config.yaml")):
        run = config.parent
        found[str(run.relative_to(out))] = end_of_run(run)
    for cell in sorted(out.rglob("cell.json")):
        found[str(cell.relative_to(out))] = json.loads(cell.read_text())["scores"]
    return found


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """The program, as a shell starts it."""
    command = [sys.executable, "-P", "-m", "acclimate", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(arguments: list[str]) -> None:
    """Run to the end."""
    process = start(arguments)
    _, said = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{arguments[0]} ended with {process.returncode}: {said.decode()[-2000:]}")


def kill_often(command: Callable[[Path], list[str]], folder: Path, kills: int, generator: random.Random) -> int:
    """Kill until it has died so often, beginning anew where it has ended; returns how many ended otherwise."""
    began = time.monotonic()
    finish(command(folder / "unbroken"))
    duration, expected = time.monotonic() - began, end(folder / "unbroken")
    left, number, wrong = kills, 0, 0
    while left:
        out = folder / f"{number}"
        for _ in range(min(left, 5)):
            process, began = start(command(out)), time.monotonic()
            try:
                process.wait(generator.uniform(0.2, 0.9) * duration)
            except subprocess.TimeoutExpired:
                process.kill()
                left -= 1
            process.communicate()
            if process.returncode == 0:
                # The machine has less to do than it had.
                duration = min(duration, time.monotonic() - began)
                break
        finish(command(out))
        same = end(out) == expected
        wrong += not same
        number += 1
        sys.stdout.write(f"{command.__name__}: {kills - left} kills, {'the same' if same else 'OTHERWISE'}\n")
        sys.stdout.flush()
    return wrong


def main(arguments: list[str]) -> int:
    """Half of the kills each; 1 where something ended otherwise."""
    kills = int(arguments[0]) if arguments else 30
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    generator, wrong = random.Random(seed), 0  # noqa: S311 - no secret
    for command in (adapt, compare):
        with tempfile.TemporaryDirectory() as folder:
            wrong += kill_often(command, Path(folder), -(-kills // 2), generator)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
