"""Training: one loop, five objectives, recipes and checkpoints; inference imports nothing of it."""
