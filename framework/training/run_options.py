"""How a run is carried out, whatever it trains: one thing from the command line, or a script, down to the loop."""

from collections.abc import Callable

import attrs
from accelerate import Accelerator
from attrs.validators import ge, gt, le, optional

from ..data import Schema
from ..errors import RunError
from .display import Display
from .oracle import Oracle


@attrs.frozen(eq=False, kw_only=True)
class RunOptions:
    """How a run is carried out, whatever it trains.

    Args:
        seed: of initial weights, validation rows, the order of samples, dropout and all else that is drawn.
        resume: go on from the last checkpoint; the end is bit-equal to that of an unbroken run.
        accelerator: device, precision, processes; None means what accelerate finds.
        display: shows progress; None shows nothing.
        checkpoint_every: steps between checkpoints within an epoch; None means at each epoch's end only.
        oracle: the target's labels, for reports in metrics.jsonl alone: nothing is trained or chosen by them. Where the
            data's schema is not known yet, as it is not to who calls `adapt_table`, what makes the oracle of a schema.
        pause_at: share of the run, by epochs, at whose end it pauses, to be gone on with by `resume`: whoever trains
            several runs may look at all of them before any has ended. 1 trains to the end.

    Raises:
        ValueError: if `checkpoint_every` is not positive, `pause_at` not above 0 and at most 1, or `seed` is negative
            or has more than 63 bits.

    Example:
        >>> options = RunOptions(seed=3, checkpoint_every=100)
        >>> options.seed, options.resume
        (3, False)
    """

    seed: int = attrs.field(default=0, validator=[ge(0), le(2**63 - 1)])
    resume: bool = False
    accelerator: Accelerator | None = None
    display: Display | None = None
    checkpoint_every: int | None = attrs.field(default=None, validator=optional(ge(1)))
    oracle: Oracle | Callable[[Schema], Oracle] | None = None
    pause_at: float = attrs.field(default=1.0, validator=[gt(0.0), le(1.0)])

    @property
    def on_gpu(self) -> bool:
        """Whether the accelerator that is given trains on CUDA."""
        return self.accelerator is not None and self.accelerator.device.type == "cuda"

    def open_oracle(self, schema: Schema) -> "RunOptions":
        """The options, with the oracle of data of this schema."""
        oracle = self.oracle
        return self if oracle is None or isinstance(oracle, Oracle) else attrs.evolve(self, oracle=oracle(schema))

    def opened_oracle(self) -> Oracle | None:
        """The oracle that the loop asks.

        Raises:
            RunError: if it is still to be made.
        """
        if self.oracle is None or isinstance(self.oracle, Oracle):
            return self.oracle
        raise RunError("oracle must be an Oracle where no schema is given, but is what makes one of a schema")
