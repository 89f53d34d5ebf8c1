from .batch import (
    JOINT_TEACHER as JOINT_TEACHER,
    Batch as Batch,
    EncoderInput as EncoderInput,
    Lesson as Lesson,
    Outputs as Outputs,
    Representation as Representation,
    Side as Side,
    Step as Step,
    Term as Term,
)
from .builder import Builder as Builder
from .data.schema import Schema as Schema
from .data.table import Table as Table
from .data.table_file import read_table as read_table
from .errors import (
    AcclimateError as AcclimateError,
    DataError as DataError,
    ExportError as ExportError,
    RecipeError as RecipeError,
    RunError as RunError,
    WorkerError as WorkerError,
    WriteError as WriteError,
    ZooError as ZooError,
)
from .evaluation.intervals import Confidence as Confidence, Interval as Interval
from .evaluation.latency import Timing as Timing, time_subsets as time_subsets
from .evaluation.prediction import Predictor as Predictor
from .evaluation.subsets import DropTable as DropTable, Scores as Scores, drop_table as drop_table, evaluate as evaluate
from .experiments.comparison import adapt_table as adapt_table
from .experiments.saved_method import load_run as load_run
from .gathering import alone as alone, among_processes as among_processes
from .interfaces import (
    Aligner as Aligner,
    Balancer as Balancer,
    Encoder as Encoder,
    Fused as Fused,
    Fusion as Fusion,
    Part as Part,
    TeacherSelector as TeacherSelector,
)
from .intermediate import Encoded as Encoded, Intermediate as Intermediate
from .layout import (
    JOINT as JOINT,
    DomainSide as DomainSide,
    Layout as Layout,
    Task as Task,
    modality_subsets as modality_subsets,
)
from .method import Losses as Losses, Method as Method
from .model import MultimodalModel as MultimodalModel
from .recipes.class_paths import TRUSTED as TRUSTED
from .recipes.class_spec import ClassSpec as ClassSpec
from .recipes.learning_rate import LearningRate as LearningRate
from .recipes.recipe import (
    Recipe as Recipe,
    Stage as Stage,
    Training as Training,
    Update as Update,
)
from .recipes.recipe_files import read_recipe as read_recipe, recipe_names as recipe_names
from .recipes.selection import Selection as Selection
from .training.adaptation import adapt as adapt
from .training.adapted import Adapted as Adapted
from .training.domains import Batches as Batches, Domains as Domains
from .training.exchange import average_gradients as average_gradients
from .training.loader import Loader as Loader
from .training.own_batches import OwnBatches as OwnBatches
from .training.run_options import RunOptions as RunOptions
from .training.torch_predictor import TorchPredictor as TorchPredictor
from .validators.validator import Candidate as Candidate, Validator as Validator
