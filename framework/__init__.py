"""What every method is made of: interfaces, data classes, the model, the Builder and the loop.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adaptation import adapt as adapt
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
    from .builder import Builder as Builder
    from .class_paths import TRUSTED as TRUSTED
    from .comparison import adapt_table as adapt_table
    from .data.schema import Schema as Schema
    from .data.table import Table as Table
    from .data.table_file import read_table as read_table
    from .domains import Batches as Batches, Domains as Domains
    from .errors import (
        AcclimateError as AcclimateError,
        DataError as DataError,
        ExportError as ExportError,
        RecipeError as RecipeError,
        RunError as RunError,
        WorkerError as WorkerError,
        ZooError as ZooError,
    )
    from .evaluation import DropTable as DropTable, Scores as Scores, drop_table as drop_table, evaluate as evaluate
    from .interfaces import (
        Aligner as Aligner,
        Balancer as Balancer,
        Encoder as Encoder,
        Fused as Fused,
        Fusion as Fusion,
        Part as Part,
        TeacherSelector as TeacherSelector,
    )
    from .intervals import Confidence as Confidence, Interval as Interval
    from .latency import Timing as Timing, time_subsets as time_subsets
    from .layout import (
        JOINT as JOINT,
        DomainSide as DomainSide,
        Layout as Layout,
        Task as Task,
        modality_subsets as modality_subsets,
    )
    from .loop import Adapted as Adapted
    from .method import Losses as Losses, Method as Method
    from .model import MultimodalModel as MultimodalModel
    from .own_batches import OwnBatches as OwnBatches
    from .prediction import Predictor as Predictor
    from .recipe import (
        ClassSpec as ClassSpec,
        Recipe as Recipe,
        Selection as Selection,
        Stage as Stage,
        Training as Training,
        Update as Update,
    )
    from .recipe_files import read_recipe as read_recipe, recipe_names as recipe_names
    from .saved_method import load_run as load_run
    from .torch_predictor import TorchPredictor as TorchPredictor
else:
    from ._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "adaptation": ["adapt"],
            "batch": ["JOINT_TEACHER", "Batch", "Lesson", "Outputs", "Representation", "Side", "Step", "Term"],
            "builder": ["Builder"],
            "class_paths": ["TRUSTED"],
            "comparison": ["adapt_table"],
            "data.schema": ["Schema"],
            "data.table": ["Table"],
            "data.table_file": ["read_table"],
            "domains": ["Batches", "Domains"],
            "errors": [
                "AcclimateError",
                "DataError",
                "ExportError",
                "RecipeError",
                "RunError",
                "WorkerError",
                "ZooError",
            ],
            "evaluation": ["DropTable", "Scores", "drop_table", "evaluate"],
            "interfaces": ["Aligner", "Balancer", "Encoder", "Fused", "Fusion", "Part", "TeacherSelector"],
            "intervals": ["Confidence", "Interval"],
            "latency": ["Timing", "time_subsets"],
            "layout": ["JOINT", "DomainSide", "Layout", "Task", "modality_subsets"],
            "loop": ["Adapted"],
            "method": ["Losses", "Method"],
            "model": ["MultimodalModel"],
            "own_batches": ["OwnBatches"],
            "prediction": ["Predictor"],
            "recipe": ["ClassSpec", "Recipe", "Selection", "Stage", "Training", "Update"],
            "recipe_files": ["read_recipe", "recipe_names"],
            "saved_method": ["load_run"],
            "torch_predictor": ["TorchPredictor"],
        },
    )
