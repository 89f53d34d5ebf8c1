"""acclimate map: search, without labels, which maps of its inputs suit a model to a target, and write it with them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...framework.commands.decoding_option import add_decoding_option
from ...framework.commands.model_files import model_files
from ...framework.commands.numbers import add_integer, add_seed
from ...framework.commands.options import add_skip_option, count_skipped, make_parser
from ...framework.errors import AcclimateError
from ...framework.files.folders import check_folder
from ...framework.files.outputs import check_output, check_suffix
from ...framework.files.printable_text import printable_line
from ...framework.files.whole_file import write_whole
from .evaluated_model import open_model

if TYPE_CHECKING:
    from ...framework.data import Samples, Schema, Table
    from ...framework.maps import FoundMaps, MapGroup

_CHECKED = 64
"""Rows on which a mapped artefact is compared with the one that it was."""


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "map",
        "Search, without labels, which maps of its inputs make a model surest and most even on a target: devices "
        "turned or mirrored, pictures inverted or mirrored, sound louder or with less bandwidth, statistics. No weight "
        "changes, and inputs stay as they are unless the gain is sure. With --out, the model is written with the maps: "
        "a run as a run; an artefact, or a checkpoint of the zoo, as an artefact, for which no torch is needed.",
    )
    add = parser.add_argument
    add("model", type=Path, help="run folder, or folder of an artefact or a checkpoint")
    add("--data", type=str, required=True, help="table of files, or name of a built-in data set")
    add("--domain", type=str, required=True, help="the target, or several as A+B")
    add("--split", type=str, default="train", help="split of the target that is looked at")
    add("--out", type=Path, help="folder to write the mapped model into; default: only say what was found")
    add("--json", type=Path, help="file to write what was found into")
    add(
        "--sensors",
        type=str,
        action="append",
        default=[],
        metavar="SENSOR=MODALITY,...",
        help="a device, such as accelerometer=wrist,gyroscope=spin; default: found by the columns' names",
    )
    add(
        "--score",
        choices=("information_maximisation", "ranks"),
        default="information_maximisation",
        help="by which maps are compared; ranks are of information and of agreement of modalities",
    )
    add_integer(parser, "--rows", default=1000, help="of the target that are looked at at most")
    add_seed(parser, help="of a built-in data set's split, and of what is drawn")
    add("--checkpoint", choices=("best", "last"), default="best", help="which weights of a run")
    add_skip_option(parser)
    add_decoding_option(parser)
    options = parser.parse_args(arguments)
    _check(options)

    from ...framework.data import open_table
    from ...framework.maps import search_maps

    model = open_model(options.model, options.checkpoint, "cpu")
    samples = _samples(options, open_table(options.data, seed=options.seed), model.schema)
    groups, said = _choose_groups(options, model.schema)
    print(*map(printable_line, said), sep="\n")
    if not groups:
        raise AcclimateError("no map fits these modalities: name a device by --sensors, or groups in the recipe")
    generator = np.random.default_rng(options.seed)
    found = search_maps(model.predict, samples, groups, generator, score=options.score, rows=options.rows)
    print(*map(printable_line, found.describe()), sep="\n")
    print(*_describe_scores(found), sep="\n")
    if options.json is not None:
        write_whole(options.json, json.dumps(found.to_json(), indent=2) + "\n")
    if options.out is not None:
        print(_write(options, found, samples))


def _check(options: Any) -> None:  # noqa: ANN401 - argparse's namespace
    """Refuse before any work is done what would fail after it."""
    if options.out is not None:
        if options.out.resolve() == options.model.resolve():
            raise AcclimateError(f"--out {options.out} holds the model that is mapped: give another folder")
        check_folder(options.out)
        if _is_run(options.model):
            from ...framework.runs.run_folder import check_free

            check_free(options.out, resume=False)
        else:
            from ..mapped_artefact import check_onnx

            check_onnx()
    if options.json is not None:
        check_output(options.json, [options.data, *model_files(options.model)], "--json")
        check_suffix(options.json, "--json", "a JSON file", [".json"])


def _samples(options: Any, table: "Table", schema: "Schema") -> "Samples":  # noqa: ANN401
    from ...framework.data import Samples, find_misfits, leave_out
    from ...framework.data.domain_names import read_domains

    rows = table.select(read_domains(options.domain, table.domains), options.split).without_labels()
    skipped = tuple(find_misfits(rows, schema)) if options.skip_bad else ()
    if skipped:
        print(*map(printable_line, map(str, skipped)), count_skipped(skipped), sep="\n")
    return Samples(leave_out(rows, skipped, labelled=False), schema, labelled=False)


def _choose_groups(options: Any, schema: "Schema") -> tuple[tuple["MapGroup", ...], tuple[str, ...]]:  # noqa: ANN401
    if options.sensors:
        from ...framework.maps import read_devices

        return read_devices(options.sensors), ()
    if _is_run(options.model):
        from ...framework.experiments.input_maps import choose_groups
        from ...framework.experiments.saved_method import read_run_recipe

        return choose_groups(read_run_recipe(options.model), schema)
    from ...framework.maps import infer_groups

    found = infer_groups(schema)
    return found.groups, found.said


def _describe_scores(found: "FoundMaps") -> list[str]:
    return [f"{name}: {before:.3f} -> {found.after[name]:.3f}" for name, before in found.before.items()]


def _write(options: Any, found: "FoundMaps", samples: "Samples") -> str:  # noqa: ANN401
    if found.is_identity:
        return f"nothing is changed, so nothing was written to {options.out}"
    if _is_run(options.model):
        from ...framework.experiments.input_maps import map_run

        map_run(options.model, found, options.out, options.checkpoint)
        return f"{options.out}: the run, with its inputs mapped"
    from ..mapped_artefact import map_artefact

    rows = samples.batch(range(min(len(samples), _CHECKED)))
    map_artefact(options.model, found, options.out, rows)
    return f"{options.out}: the artefact, with its inputs mapped; its graphs agree with the old ones on mapped inputs"


def _is_run(path: Path) -> bool:
    return (path / "config.yaml").is_file()
