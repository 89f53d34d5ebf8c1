"""acclimate audit: which rows to label by hand, and what their labels tell of candidates."""

import json
from pathlib import Path
from typing import Any, Final

from ...framework.commands.numbers import MAX_PROCESSES, MAX_SEED, add_integer, add_seed
from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError
from ...framework.files.folders import make_folder
from ...framework.files.outputs import check_output, check_suffix

FOLDER: Final = "audit"
PLAN: Final = "plan.json"


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "audit",
        "Name a few unlabelled rows of a target whose labels would tell most of a run, or of a choice's candidates "
        "(--labels), take the labels back (--answers), and say how good the candidates are: audited, and apart from "
        "all that is estimated without labels.",
    )
    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="folder of a run, or of acclimate choose")
    add_integer(parser, "--labels", least=10, help="how many rows to label; writes DIR/audit/questions.csv")
    add("--answers", type=Path, metavar="FILE", help="the CSV with labels filled in")
    add("--pick", action="store_true", help="with --answers: pick the candidate that is surely best")
    add("--among", type=Path, nargs="+", default=[], metavar="RUN", help="further candidates")
    add("--data", type=str, help="table of files, or name of a built-in data set; default: that of the run")
    add("--source", type=str, help="domain with labels, or several as A+B; default: that of the run")
    add("--target", type=str, help="domain to label, or several as A+B; default: that of the run")
    add("--split", type=str, default="train", help="of the target")
    add_integer(parser, "--seed", least=0, most=MAX_SEED, help="of the run; default: that of the run")
    add_seed(parser, "--draw", help="seed of the draw of rows")
    add("--provider", type=str, default="cpu", help="what runs an artefact: cpu, cuda, tensorrt, openvino")
    add_integer(parser, "--threads", most=MAX_PROCESSES, help="that compute together on the CPU")
    add_integer(parser, "--batch-size", default=64, help="rows at once")
    add("--out", type=Path, help="file of the rows to label; default: DIR/audit/questions.csv")
    options = parser.parse_args(arguments)
    if (options.labels is None) == (options.answers is None):
        raise AcclimateError("either --labels N draws rows, or --answers FILE brings their labels")
    if options.pick and options.answers is None:
        raise AcclimateError("--pick chooses by labels: it goes with --answers")
    if not options.folder.is_dir():
        raise AcclimateError(f"no folder at {options.folder}")
    if options.labels is None:
        _answer(options)
    else:
        _ask(options)


def _ask(options: Any) -> None:  # noqa: ANN401 - argparse's namespace
    make_folder(options.folder / FOLDER)
    out = options.out or options.folder / FOLDER / "questions.csv"
    check_output(out, [options.data or ""], "--out")
    check_suffix(out, "--out", "a CSV", [".csv"])
    if out.exists():
        raise AcclimateError(f"{out} is there already, perhaps with labels: remove it, or name another by --out")

    from ...framework.estimation.audit_files import write_questions
    from .audited_models import plan_audit

    table, plan, tasks = plan_audit(options)
    plan.write(options.folder / FOLDER / PLAN)
    write_questions(out, table, plan.design, tasks)
    agreed, contested = plan.design.sizes
    names = list(next(iter(plan.votes.values())))
    print(
        f"{len(plan.ids)} of {agreed + contested} rows to label: {out}\n"
        f"{int(plan.design.contested.sum())} of them are drawn from {contested} on which {', '.join(names)} differ, "
        f"the others from {agreed} on which they agree"
    )
    for task, classes in plan.tasks.items():
        print(f"{task}: {', '.join(classes)}")
    print(f"then: acclimate audit {options.folder} --answers {out}")


def _answer(options: Any) -> None:  # noqa: ANN401
    from ...framework.estimation.audit import audit_accuracy, audit_gain, pick_audited
    from ...framework.estimation.audit_files import AuditPlan, read_answers
    from ...framework.files.whole_file import write_whole

    plan = AuditPlan.read(options.folder / FOLDER / PLAN)
    content: dict[str, Any] = {"where": plan.where, "reference": plan.reference, "labels": len(plan.ids), "tasks": {}}
    for task, answers in read_answers(options.answers, plan).items():
        votes = plan.votes[task]
        print(f"{task}: audited by {len(answers)} labels ({plan.where})")
        found: dict[str, Any] = {}
        for name, row in votes.items():
            accuracy = audit_accuracy(plan.design, row, answers)
            found[name] = {"accuracy": accuracy.to_json()}
            line = f"  {name:<24} accuracy {accuracy}"
            if name != plan.reference:
                gain = audit_gain(plan.design, row, votes[plan.reference], answers)
                found[name]["gain"] = gain.to_json()
                line += f", gain over {plan.reference} {gain}"
            print(line)
        content["tasks"][task] = {"candidates": found}
        if options.pick:
            name, gain = pick_audited(plan.design, votes, answers, plan.reference)
            content["tasks"][task]["pick"] = name
            stays = name == plan.reference
            print(f"  picked: {name}" + (", as no other is surely better" if stays else f", gain {gain}"))
    write_whole(options.folder / FOLDER / "audited.json", json.dumps(content, indent=2) + "\n")
