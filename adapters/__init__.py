"""One module per paper, then the baselines: Aligners, TeacherSelectors, Balancers, Fusions, and recipes."""
