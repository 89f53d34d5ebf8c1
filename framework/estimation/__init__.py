"""How good a model is on rows without labels: estimates, each by its paper, with intervals. No torch."""
