"""What the user chooses of models in Triton."""

from typing import Literal, TypeAlias, get_args

import attrs

from ...framework.errors import ExportError

Device: TypeAlias = Literal["auto", "cpu", "gpu"]
"""What Triton runs the graphs on; auto is a GPU where it finds one."""


@attrs.frozen
class Settings:
    """What the user chooses.

    Args:
        name: of the model that clients call, and the start of all others' names.
        max_batch_size: rows that Triton may run at a time.
        device: that the graphs run on.

    Raises:
        ExportError: if `max_batch_size` or `device` cannot be.
    """

    name: str
    max_batch_size: int
    device: Device

    def __attrs_post_init__(self) -> None:
        if self.max_batch_size < 1:
            raise ExportError(f"max_batch_size must be at least 1, but got {self.max_batch_size}.")
        if self.device not in get_args(Device):
            raise ExportError(f"device must be {', '.join(get_args(Device))}, but got {self.device!r}.")

    @property
    def kind(self) -> str:
        """Triton's word for the device."""
        return f"KIND_{self.device.upper()}"
