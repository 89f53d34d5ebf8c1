"""Opens many mutated checkpoints in child processes, and says what came of them: `[NUMBER [SEED]]`.

Each must open, or be refused by an error of acclimate that names the file: nothing else may be raised, run, read,
written or waited for, and no process may die.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import IO, Final

import attrs

PATIENCE: Final = 120
"""Seconds for one checkpoint, on a machine that may have more to do."""


@attrs.define
class Campaign:
    """What came of all.

    Args:
        outcomes: how often each came, by reader.
        problems: what must not be, with the seed and number that bring it about.
        seconds: of processor time that the slowest took.
    """

    outcomes: Counter[str] = attrs.field(factory=Counter)
    problems: list[str] = attrs.field(factory=list)
    seconds: float = 0.0

    def note(self, line: dict[str, object], seed: str, index: int) -> None:
        """Take a child's word."""
        found: dict[str, int] = line["outcomes"]  # type: ignore[assignment]
        seconds: float = line["seconds"]  # type: ignore[assignment]
        self.outcomes += Counter(found)
        self.seconds = max(self.seconds, seconds)
        odd = [name for name in found if not name.endswith("opened") and ": refused" not in name]
        broken: list[str] = line["broken"]  # type: ignore[assignment]
        self.problems += [f"seed {seed}, number {index}, {line['done']}: {what}" for what in (*odd, *broken)]


def run_campaign(folder: Path, number: int, seed: str) -> Campaign:
    """Mutate a checkpoint so many times.

    Args:
        folder: of the checkpoint, which is left alone.
        number: of mutated copies.
        seed: gives the same ones each time.
    """
    campaign, index = Campaign(), 0
    while index < number:
        index = _run_child(campaign, folder, seed, index, number - index)
    return campaign


def _run_child(campaign: Campaign, folder: Path, seed: str, first: int, number: int) -> int:
    """Until it ends or dies; returns the number to go on with."""
    with tempfile.TemporaryDirectory() as work:
        script = Path(__file__).with_name("fuzz_child.py")
        command = [sys.executable, str(script), str(folder), work, seed, str(first), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            errors: list[str] = []
            reader = threading.Thread(target=lambda stream: errors.append(stream.read()), args=(child.stderr,))
            reader.start()
            index, ended = _listen(campaign, child.stdout, child, seed, first)
            reader.join()
    if child.returncode or not ended:
        if index < first:
            raise RuntimeError(f"a child did not begin: {errors[0]}")
        campaign.problems.append(f"seed {seed}, number {index}: ended with {child.returncode}: {errors[0][-500:]}")
    return index + 1


def _listen(
    campaign: Campaign, lines: IO[str], child: "subprocess.Popen[str]", seed: str, first: int
) -> tuple[int, bool]:
    index, ended = first - 1, True
    while True:
        # A child that waits for something is ended, which ends its lines.
        timer = threading.Timer(PATIENCE, child.kill)
        timer.start()
        line = lines.readline()
        timer.cancel()
        if not line:
            return index, ended
        told = json.loads(line)
        ended = "start" not in told
        if ended:
            campaign.note(told, seed, index)
        else:
            index = told["start"]


def main(number: str = "10000", seed: str = "0") -> None:
    """Save a small checkpoint, run the campaign, and print what came of it."""
    from conftest import make_model

    with tempfile.TemporaryDirectory() as base:
        saved = make_model("modfinity").save_pretrained(Path(base) / "saved")
        campaign = run_campaign(saved.path, int(number), seed)
    ordered = sorted(campaign.outcomes.items(), key=lambda item: (item[0].partition(":")[0], -item[1]))
    lines = [f"{count:6}  {outcome}" for outcome, count in ordered]
    lines += [f"{campaign.seconds:6.2f}  seconds of processor time for the slowest"]
    lines += [f"{len(campaign.problems):6}  problems", *campaign.problems[:50]]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(campaign.problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
