"""Storage of a run: its folder, its checkpoints, the environment that it ran in."""
