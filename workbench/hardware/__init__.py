"""Read the machine, and plan memory before using it: snapshot, sampler, planner. It knows no models by name."""
