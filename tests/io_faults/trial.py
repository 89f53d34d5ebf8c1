"""Runs a scenario with one fault, and says what of its promises was broken."""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import attrs

from .faults import Faults, Mode, failing
from .scenarios import Content, Scenario, read


@attrs.frozen
class Tried:
    """A scenario that nothing disturbed.

    Args:
        before: what the folder held.
        after: what it holds then.
        end: of that what is the same each time.
        operations: that changed the folder.
    """

    before: Content
    after: Content
    end: Content
    operations: tuple[str, ...]


def run(scenario: Scenario, out: Path, faults: Faults) -> tuple[int, list[str]]:
    """The exit code, and the lines on standard error."""
    said = io.StringIO()
    with failing(faults), redirect_stderr(said), redirect_stdout(io.StringIO()):
        code = scenario.run(out)
    return code, said.getvalue().splitlines()


def try_undisturbed(scenario: Scenario, out: Path) -> Tried:
    """How it ends where nothing fails, and how many operations that takes."""
    out.mkdir()
    scenario.prepare(out)
    before, faults = read(out), Faults(out)
    code, said = run(scenario, out, faults)
    assert code == 0, said
    return Tried(before, read(out), scenario.end(out), tuple(faults.seen))


def find_broken(scenario: Scenario, out: Path, at: int, mode: Mode, undisturbed: Tried) -> Iterator[str]:
    """What is not as it should be, where the n-th operation fails: nothing, or words.

    It must end with code 2 and one line; each file be what it was, or what it will be; and what is tried again end as
    if nothing had happened.
    """
    out.mkdir()
    scenario.prepare(out)
    faults = Faults(out, at, mode)
    try:
        code, said = run(scenario, out, faults)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        yield f"{faults.failed[:1]}: {type(error).__name__}: {error}"
        return
    if not faults.failed:
        return
    where = f"{faults.failed[0]}"
    if (code, len(said)) != (2, 1) and not (code == 0 and scenario.end(out) == undisturbed.end):
        yield f"{where}: exit code {code}, {said}"
    if scenario.whole:
        yield from (f"{where}: {words}" for words in _find_damage(read(out), undisturbed, tidy=mode != "gone"))
    code, said = run(scenario, out, Faults(out))
    if scenario.end(out) != undisturbed.end:
        differing = _differing(scenario, out, undisturbed)
        yield f"{where}: tried again, it ends with {code} {said} and otherwise: {differing}"


def _find_damage(found: Content, undisturbed: Tried, *, tidy: bool) -> Iterator[str]:
    for name, content in undisturbed.before.items():
        there = found.get(name) in {content, undisturbed.after.get(name)}
        # Where not even the second of two renames can be taken back, it lies beside.
        if name in undisturbed.after and not there and content not in found.values():
            yield f"{name} is neither what it was nor what it will be"
    known = {**undisturbed.before, **undisturbed.after}
    for name, content in found.items():
        if name not in known:
            if tidy:
                yield f"{name} was left"
        elif content not in {undisturbed.before.get(name), undisturbed.after.get(name)}:
            yield f"{name} is there in part"


def _differing(scenario: Scenario, out: Path, undisturbed: Tried) -> list[str]:
    found = scenario.end(out)
    return sorted(name for name in {**found, **undisturbed.end} if found.get(name) != undisturbed.end.get(name))[:5]
