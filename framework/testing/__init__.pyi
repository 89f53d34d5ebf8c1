from .aligner import ALIGNER_PROMISES as ALIGNER_PROMISES, check_aligner as check_aligner
from .aligner_case import AlignerCase as AlignerCase
from .aligner_gradients import (
    check_closed_form as check_closed_form,
    check_gradient as check_gradient,
    check_reach as check_reach,
)
from .aligner_terms import (
    check_absent_rows as check_absent_rows,
    check_bind as check_bind,
    check_finite as check_finite,
    check_measure as check_measure,
    check_modality_names as check_modality_names,
    check_names as check_names,
    check_observe as check_observe,
    check_repeatable as check_repeatable,
    check_row_order as check_row_order,
    check_target_labels as check_target_labels,
    check_tasks_are_separate as check_tasks_are_separate,
)
from .balancer import (
    BALANCER_PROMISES as BALANCER_PROMISES,
    BalancerCase as BalancerCase,
    check_balancer as check_balancer,
    make_terms as make_terms,
)
from .broken_promise import BrokenPromiseError as BrokenPromiseError
from .edges import make_edges as make_edges
from .encoder import ENCODER_PROMISES as ENCODER_PROMISES, check_encoder as check_encoder
from .encoder_case import EncoderCase as EncoderCase
from .fusion import FUSION_PROMISES as FUSION_PROMISES, FusionCase as FusionCase, check_fusion as check_fusion
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
    fill as fill,
    one_class as one_class,
    take as take,
    vanishing as vanishing,
    without_labels as without_labels,
)
from .rows import Rows as Rows
from .scene import Scene as Scene, make_scene as make_scene
from .selector import (
    SELECTOR_PROMISES as SELECTOR_PROMISES,
    SelectorCase as SelectorCase,
    check_selector as check_selector,
)
from .steps import make_batch as make_batch, make_step as make_step
from .tiny_model import make_model as make_model
from .validator import VALIDATOR_PROMISES as VALIDATOR_PROMISES, check_validator as check_validator
from .validator_case import ValidatorCase as ValidatorCase, make_candidate as make_candidate
