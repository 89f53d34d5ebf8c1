"""How good a model is: metrics, intervals, subsets of modalities, severities, latency. No torch."""
