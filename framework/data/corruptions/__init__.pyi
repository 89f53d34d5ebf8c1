from .base import SEVERITIES as SEVERITIES, Corruption as Corruption
from .chain import parse_chain as parse_chain
from .fitting import check_plan as check_plan
from .plan import Plan as Plan, Step as Step, leaves_severity_open as leaves_severity_open, parse_plan as parse_plan
from .presets import PRESETS as PRESETS, plan_preset as plan_preset
from .registry import CORRUPTIONS as CORRUPTIONS
from .tables import add_corrupted_domain as add_corrupted_domain, corrupt_table as corrupt_table
