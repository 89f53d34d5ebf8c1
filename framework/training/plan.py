"""Where a run stands in its recipe's stages: counted in epochs, in steps, or some in either."""

from collections.abc import Callable, Iterable, Sequence

import attrs

from ..recipes.recipe import Stage


@attrs.frozen
class Round:
    """A round of a stage.

    Args:
        stage: which.
        number: of the round within its stage, from 0.
        epochs: its length: that of a stage in steps in passes over its data, whole or not.
    """

    stage: Stage
    number: int
    epochs: float


@attrs.frozen
class Place:
    """Where a run is.

    Args:
        round: that is being trained.
        before: epochs of the rounds that are done.
        passes: done within the round; the first begins with a selector's study.
        began: steps made when the round began.
    """

    round: Round
    before: float
    passes: int
    began: int

    def steps_left(self, steps: int) -> int | None:
        """How many more of a stage in steps are to be made, of so many made since the start; None says the epochs."""
        return None if self.round.stage.steps is None else self.round.stage.steps - (steps - self.began)

    def epochs_done(self, steps: int, part: float) -> float:
        """How many of the whole plan are done.

        Args:
            steps: made since the start.
            part: of the present pass that is done.
        """
        if self.round.stage.steps is None:
            return self.before + self.passes + part
        return self.before + self.round.epochs * (steps - self.began) / self.round.stage.steps


@attrs.frozen
class Plan:
    """The rounds of all stages.

    Progress runs from 0 to 1 over the whole: an epoch is worth an epoch, and a step of a stage in steps is worth its
    share of a pass over the stage's data, so that both can stand in one recipe.
    """

    rounds: tuple[Round, ...]

    @classmethod
    def of(cls, stages: Iterable[Stage], pass_length: Callable[[Stage], int]) -> "Plan":
        """The plan of a recipe.

        Args:
            stages: of the recipe.
            pass_length: steps of a pass over the data of a stage; asked for stages in steps only.

        Example:
            >>> plan = Plan.of([Stage("first", epochs=2), Stage("second", steps=30)], lambda stage: 20)
            >>> plan.epochs
            3.5
        """
        return cls(
            tuple(
                Round(stage, number, float(stage.epochs or (stage.steps or 0) / pass_length(stage)))
                for stage in stages
                for number in range(stage.rounds)
            )
        )

    @property
    def epochs(self) -> float:
        """Length of the whole."""
        return sum((found.epochs for found in self.rounds), 0.0)

    def locate(self, ends: Sequence[int]) -> Place | None:
        """Where a run is that has finished some epochs; None at the end.

        Args:
            ends: of each of these, the steps made since the start.

        Example:
            >>> plan = Plan.of([Stage("first", epochs=2), Stage("second", steps=30)], lambda stage: 20)
            >>> place = plan.locate([20, 40, 60])
            >>> place.round.stage.name, place.passes, place.steps_left(60)
            ('second', 1, 10)
            >>> plan.locate([20, 40, 60, 70]) is None
            True
        """
        before, first = 0.0, 0
        for found in self.rounds:
            began = ends[first - 1] if first else 0
            length = _passes(found.stage, [end - began for end in ends[first:]])
            if length is None:
                return Place(found, before, len(ends) - first, began)
            before, first = before + found.epochs, first + length
        return None


def _passes(stage: Stage, made: Sequence[int]) -> int | None:
    """How many passes a round had, by the steps made in it at the end of each; None if it has not ended."""
    if stage.steps is None:
        return stage.epochs if stage.epochs is not None and len(made) >= stage.epochs else None
    wanted = stage.steps
    return next((number for number, steps in enumerate(made, start=1) if steps >= wanted), None)
