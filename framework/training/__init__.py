"""The loop and all that it needs: batches, optimiser, selection, several processes."""
