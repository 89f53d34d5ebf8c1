from .choice import Choice as Choice
from .judging import Estimate as Estimate, Judgement as Judgement, judge as judge
from .lessons import write_consensus as write_consensus
from .picking import Pick as Pick, pick as pick
from .plan import ChoicePlan as ChoicePlan
from .portfolio import Member as Member, Portfolio as Portfolio, Rung as Rung, read_portfolio as read_portfolio
from .role_model import RoleModel as RoleModel, make_role_models as make_role_models
from .run_choice import choose as choose
from .statement import Statement as Statement
