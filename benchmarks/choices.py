"""How good a choice without target labels is: its regret, its gain over source-only, and the error of its estimates.

    python benchmarks/choices.py --shift wrist --seeds 1,2 --out OUT

Every candidate is trained to its end (resumable: called again, it goes on), and what `choose` would have done with the
portfolio's rungs is played through afterwards. The target's test labels are used for that report alone. Writes
OUT/choices.json and .md, and prints the table. See benchmarks/README.md.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import attrs
from acclimate.framework.choosing import (
    ChoicePlan,
    Judgement,
    Rung,
    Statement,
    choose,
    judge,
    pick,
    rank,
    read_portfolio,
)
from acclimate.framework.choosing.portfolio import SOURCE_ONLY, Portfolio
from acclimate.framework.choosing.run_choice import keep_best
from acclimate.framework.data import Samples, Table, keep_known, open_table
from acclimate.framework.evaluation.subsets import evaluate
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.grid.cell import Cell, Shift
from acclimate.framework.layout import JOINT, Task
from acclimate.framework.training.torch_predictor import TorchPredictor
from interleaved import describe_machine, to_markdown, use_threads

SHIFTS: Final[Mapping[str, tuple[str, Shift]]] = {
    "wrist": ("wrist", Shift(("right_arm",), "left_arm")),
    "spsw-har-a-c": ("spsw-har", Shift(("A_back_inv",), "C_front")),
    "spsw-har-a-b": ("spsw-har", Shift(("A_back_inv",), "B_back")),
    "spsw-har-b-c": ("spsw-har", Shift(("B_back",), "C_front")),
    "avdigits-accent": ("avdigits-accent", Shift(("us_mnist",), "foreign_optdigits")),
    "avdigits-synthetic": ("avdigits-synthetic", Shift(("synthetic",), "real")),
}
SETTINGS: Final = {"training.batch_size": 48}
"""As in docs/results.md."""


@attrs.frozen
class Row:
    """A choice, held against labels that it did not see.

    Args:
        shift: name.
        seed: of all candidates.
        picked: name of the candidate.
        accuracy: of the pick on the target's test rows (oracle), and so the next two.
        best: accuracy of the best candidate that was trained to its end.
        source_only: accuracy of source-only.
        estimate: of the pick's accuracy.
        errors: mean absolute error of the estimates of all candidates.
        covered: share of the candidates whose interval holds their accuracy.
        share: of the candidates' training that the rungs would have spared nothing of.
    """

    shift: str
    seed: int
    picked: str
    accuracy: float
    best: float
    source_only: float
    estimate: float
    errors: float
    covered: float
    share: float


def make_plan(name: str, seed: int, portfolio: Portfolio) -> ChoicePlan:
    """The candidates of a shift; all pause at the rungs, and none is left."""
    data, shift = SHIFTS[name]
    whole = attrs.evolve(portfolio, rungs=tuple(Rung(rung.share, keep=1.0) for rung in portfolio.rungs))
    recipes = whole.read_recipes(SETTINGS)
    return ChoicePlan(whole, recipes, Cell(data, shift, recipes[SOURCE_ONLY], seed, device="cpu"))


def score(plan: ChoicePlan, name: str, out: Path, table: Table) -> dict[str, float]:
    """Accuracy of a candidate on the target's test rows, by task; kept beside its run."""
    kept = out / "oracle" / f"{name}.json"
    if not kept.is_file():
        method, schema, _ = load_run(plan.training(name).run_folder(out))
        rows, _ = keep_known(table.select(plan.cell.shift.target, "test"), schema.tasks)
        found = evaluate(TorchPredictor(method.model), Samples(rows, schema, labelled=True))
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({task: scores[JOINT].main for task, scores in found.tasks.items()}))
    scores: dict[str, float] = json.loads(kept.read_text())
    return scores


def replay(
    portfolio: Portfolio, out: Path, names: Sequence[str], tasks: Sequence[Task]
) -> tuple[dict[str, Statement], list[Judgement]]:
    """What would have been said, and judged, with candidates left at the rungs."""
    said = {SOURCE_ONLY: read(out, SOURCE_ONLY, 1.0)}
    running = [name for name in names if name != SOURCE_ONLY]
    for rung in (*portfolio.rungs, Rung(0.999, 1.0)):
        share = rung.share if rung in portfolio.rungs else 1.0
        said |= {name: read(out, name, share) for name in running}
        ordered = {name: said[name] for name in names}
        by_task = [rank(ordered, task) for task in tasks]
        scores = {name: fmean(found[name] for found in by_task) for name in names}
        running = keep_best(scores, running, rung, portfolio.least)
    return ordered, [judge(ordered, task, ordered[SOURCE_ONLY].groups) for task in tasks]


def read(out: Path, name: str, share: float) -> Statement:
    """What a candidate said after a share of its epochs."""
    return Statement.read(out / "statements" / f"{name}-{share:g}.npz")


def study(name: str, seed: int, portfolio: Portfolio, out: Path) -> Row:
    """Train what is missing, and hold the choice against the labels."""
    plan = make_plan(name, seed, portfolio)
    choice = choose(plan, out)
    tasks = plan.check()
    table = open_table(plan.cell.data, seed=seed)
    names = list(choice.statements)
    truth = {each: fmean(score(plan, each, out, table).values()) for each in names}
    ordered, judgements = replay(portfolio, out, names, tasks)
    finished = [each for each, found in ordered.items() if found.is_final]
    picked = pick(judgements, ordered, tasks, finished).name
    (judgement, *_) = judgements
    final = {each: judgement.verdicts[each].estimate for each in finished}
    return Row(
        name,
        seed,
        picked,
        truth[picked],
        max(truth.values()),
        truth[SOURCE_ONLY],
        final[picked].accuracy,
        fmean(abs(found.accuracy - truth[each]) for each, found in final.items()),
        fmean(found.interval.low <= truth[each] <= found.interval.high for each, found in final.items()),
        fmean(found.share for found in ordered.values()),
    )


def describe(rows: Sequence[Row]) -> str:
    """The table."""
    head = [
        "shift",
        "seed",
        "picked",
        "accuracy",
        "regret",
        "gain",
        "estimate",
        "error of estimates",
        "covered",
        "trained",
    ]
    cells = [
        [
            row.shift,
            str(row.seed),
            row.picked,
            f"{row.accuracy:.3f}",
            f"{row.best - row.accuracy:.3f}",
            f"{row.accuracy - row.source_only:+.3f}",
            f"{row.estimate:.3f}",
            f"{row.errors:.3f}",
            f"{row.covered:.2f}",
            f"{row.share:.2f}",
        ]
        for row in rows
    ]
    return to_markdown(head, cells)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--shift", action="append", choices=sorted(SHIFTS), help="may be given several times; default: all"
    )
    parser.add_argument("--seeds", default="0", help="with commas between")
    parser.add_argument("--portfolio", default="default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    use_threads(options.threads)
    portfolio = read_portfolio(options.portfolio)
    rows = []
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in map(int, options.seeds.split(",")):
        for name in options.shift or SHIFTS:
            rows.append(study(name, seed, portfolio, options.out / f"{name}-{seed}"))
            content: dict[str, Any] = {"machine": describe_machine(), "rows": [attrs.asdict(row) for row in rows]}
            (options.out / "choices.json").write_text(json.dumps(content, indent=1) + "\n")
            (options.out / "choices.md").write_text(describe(rows) + "\n")
    print(describe(rows))


if __name__ == "__main__":
    main()
