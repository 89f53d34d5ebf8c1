"""What the commands that corrupt samples share: options that say how, and a reader of them."""

from typing import TYPE_CHECKING, Any

from ..errors import AcclimateError, DataError

if TYPE_CHECKING:
    from ..data import Table
    from ..data.corruptions import Plan


def add_corruption_options(parser: Any) -> None:  # noqa: ANN401
    """Let the user say what is corrupted, and how; `make_plans` reads it."""
    parser.add_argument(
        "--corrupt",
        type=str,
        action="append",
        default=[],
        metavar="MODALITY=CORRUPTION",
        help="such as 'image=gaussian_noise(std=0.3)' or 'audio=audio_snr(severity=3)'; several are joined by '+'",
    )
    parser.add_argument("--preset", type=str, help="a paper's protocol, such as a3d2-iemocap, instead")
    parser.add_argument("--modalities", type=str, help="that the preset corrupts, as A+B; default: all that it knows")


def make_plans(options: Any, table: "Table", severity: int | None = None) -> "tuple[Plan, ...]":  # noqa: ANN401
    """What the options say.

    Args:
        options: that `add_corruption_options` added, and `seed`, for corruptions that name none.
        table: rows that are to be corrupted; the first file of each modality says what the modality holds.
        severity: of corruptions that are given none.

    Raises:
        AcclimateError: if both or neither of `--corrupt` and `--preset` are given, or they do not fit the table.
    """
    from ..data.corruptions import check_plan, parse_plan, plan_preset

    if bool(options.corrupt) == (options.preset is not None):
        raise AcclimateError("either --corrupt or --preset must be given, but got both or neither")
    if options.preset is not None:
        modalities = None if options.modalities is None else options.modalities.split("+")
        return plan_preset(options.preset, table, modalities, options.seed)
    if options.modalities is not None:
        raise AcclimateError("--modalities belongs to --preset, but got --corrupt")
    plans = []
    for text in options.corrupt:
        try:
            plan = parse_plan(text, options.seed, severity)
            check_plan(plan, table)
        except DataError as error:
            raise AcclimateError(f"--corrupt {text!r}: {error}") from error
        plans.append(plan)
    return tuple(plans)


def plan_severities(options: Any, table: "Table") -> "dict[int, tuple[Plan, ...]]":  # noqa: ANN401
    """Plans by severity: 1 to 5 where a corruption is given without one, else all that is given as severity 1.

    Args:
        options: see `make_plans`.
        table: see `make_plans`.

    Raises:
        AcclimateError: see `make_plans`.
    """
    from ..data.corruptions import SEVERITIES, leaves_severity_open

    least = make_plans(options, table, SEVERITIES[0])
    if not any(map(leaves_severity_open, options.corrupt)):
        return {SEVERITIES[0]: least}
    return {severity: make_plans(options, table, severity) for severity in SEVERITIES}
