from .edges import EDGES as EDGES
from .layouts import (
    DIGIT as DIGIT,
    SCORE as SCORE,
    VERB as VERB,
    make_layout as make_layout,
    make_schema as make_schema,
)
from .row_changes import (
    SCATTERED as SCATTERED,
    drop as drop,
    one_class as one_class,
    vanishing as vanishing,
    without_labels as without_labels,
)
from .rows import Rows as Rows
from .scene import Scene as Scene, make_scene as make_scene
from .steps import make_batch as make_batch, make_step as make_step
