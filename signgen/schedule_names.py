"""What recipes may call a schedule and a sampler, for what reads them without torch."""

SCHEDULES = ("flow", "v", "epsilon")
SAMPLERS = ("ddim", "ddpm")
