"""What every method is made of: interfaces, data classes, the model, the Builder and the loop.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .batch import (
        JOINT_TEACHER as JOINT_TEACHER,
        Batch as Batch,
        Lesson as Lesson,
        Outputs as Outputs,
        Representation as Representation,
        Side as Side,
        Step as Step,
        Term as Term,
    )
    from .errors import (
        AcclimateError as AcclimateError,
        DataError as DataError,
        ExportError as ExportError,
        RecipeError as RecipeError,
        RunError as RunError,
    )
    from .interfaces import (
        Aligner as Aligner,
        Balancer as Balancer,
        Encoder as Encoder,
        Fused as Fused,
        Fusion as Fusion,
        Part as Part,
        TeacherSelector as TeacherSelector,
    )
    from .layout import (
        JOINT as JOINT,
        DomainSide as DomainSide,
        Layout as Layout,
        Task as Task,
        modality_subsets as modality_subsets,
    )
else:
    from ._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "batch": ["JOINT_TEACHER", "Batch", "Lesson", "Outputs", "Representation", "Side", "Step", "Term"],
            "errors": ["AcclimateError", "DataError", "ExportError", "RecipeError", "RunError"],
            "interfaces": ["Aligner", "Balancer", "Encoder", "Fused", "Fusion", "Part", "TeacherSelector"],
            "layout": ["JOINT", "DomainSide", "Layout", "Task", "modality_subsets"],
        },
    )
