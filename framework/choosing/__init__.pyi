from .choice import Choice as Choice
from .choose import choose as choose
from .judge import Estimate as Estimate, Judgement as Judgement, judge as judge
from .pick import Pick as Pick, pick as pick
from .plan import ChoicePlan as ChoicePlan
from .portfolio import Member as Member, Portfolio as Portfolio, Rung as Rung, read_portfolio as read_portfolio
from .statement import Statement as Statement
