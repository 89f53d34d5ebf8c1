"""Everything that training changes, put into a checkpoint and taken out again."""

import attrs
import torch
from accelerate import Accelerator
from torch.optim import Optimizer

from ..errors import RunError
from ..gathering import world
from ..method import Method
from ..runs.checkpoint import Checkpoint, load_weights
from .exchange import gather_bytes, share_buffers
from .optimisation import load_optimizer_state, optimizer_state
from .progress import Progress
from .random_state import load_random_state, random_state


@attrs.frozen(eq=False)
class RunState:
    """Weights, optimiser and generators of a run.

    Args:
        method: its weights and buffers.
        optimizer: of them.
        generator: of the loop; torch's own are included.
        accelerator: device, and the scale of losses in half precision.
    """

    method: Method
    optimizer: Optimizer
    generator: torch.Generator
    accelerator: Accelerator

    def to_checkpoint(self, progress: Progress, metrics_length: int) -> Checkpoint:
        """Put it all together; every process must call this.

        Args:
            progress: of the run.
            metrics_length: bytes of metrics.jsonl that belong to it.
        """
        share_buffers(self.method)
        device, scaler = self.accelerator.device, self.accelerator.scaler
        moments, optimizer = optimizer_state(self.optimizer)
        tensors = {
            **{f"method.{key}": value for key, value in self.method.state_dict().items()},
            **{f"optimizer.{key}": value for key, value in moments.items()},
            **{
                f"random.{rank}.{key}": state
                for key, value in random_state(self.generator, device).items()
                for rank, state in enumerate(gather_bytes(value, device))
            },
        }
        plain = {
            "progress": progress.to_json(),
            "optimizer": optimizer,
            "scaler": None if scaler is None else scaler.state_dict(),
            "metrics_length": metrics_length,
        }
        return Checkpoint(tensors, plain)

    def restore(self, checkpoint: Checkpoint) -> tuple[Progress, int]:
        """Put it all back; returns the progress, and the bytes of metrics.jsonl that belong to it.

        Raises:
            RunError: if the checkpoint does not fit.
        """
        load_weights(self.method, checkpoint.under("method."), "last checkpoint")
        device, scaler, plain = self.accelerator.device, self.accelerator.scaler, checkpoint.state
        # A process more than the run had takes the main one's numbers.
        states = checkpoint.under(f"random.{world()[0]}.") or checkpoint.under("random.0.")
        try:
            load_optimizer_state(self.optimizer, checkpoint.under("optimizer."), plain["optimizer"])
            load_random_state(self.generator, device, states)
            if scaler is not None and plain["scaler"] is not None:
                scaler.load_state_dict(plain["scaler"])
            return Progress.from_json(plain["progress"]), plain["metrics_length"]
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"last checkpoint: it does not fit this run: {error}") from error
