"""Corruptions of samples: seeded, by modality and severity, written into tables as text.

Names are imported when they are first asked for, so that reading a table stays light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import SEVERITIES as SEVERITIES, Corruption as Corruption
    from .chain import parse_chain as parse_chain
    from .fitting import check_plan as check_plan
    from .plan import (
        Plan as Plan,
        Step as Step,
        leaves_severity_open as leaves_severity_open,
        parse_plan as parse_plan,
    )
    from .presets import PRESETS as PRESETS, plan_preset as plan_preset
    from .registry import CORRUPTIONS as CORRUPTIONS
    from .tables import add_corrupted_domain as add_corrupted_domain, corrupt_table as corrupt_table
else:
    from ..._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "base": ["SEVERITIES", "Corruption"],
            "chain": ["parse_chain"],
            "fitting": ["check_plan"],
            "plan": ["Plan", "Step", "leaves_severity_open", "parse_plan"],
            "presets": ["PRESETS", "plan_preset"],
            "registry": ["CORRUPTIONS"],
            "tables": ["add_corrupted_domain", "corrupt_table"],
        },
    )
