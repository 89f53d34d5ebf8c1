"""From a finished run to a checkpoint, and from a checkpoint to a run again."""
