from .choice import Choice as Choice
from .judging import Judgement as Judgement, Verdict as Verdict, judge as judge, rank as rank
from .lessons import write_consensus as write_consensus
from .picking import Pick as Pick, pick as pick
from .plan import ChoicePlan as ChoicePlan
from .portfolio import Member as Member, Portfolio as Portfolio, Rung as Rung, read_portfolio as read_portfolio
from .run_choice import choose as choose
from .statement import Statement as Statement
