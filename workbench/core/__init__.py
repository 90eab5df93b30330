"""The ground floor: records, errors, settings. No torch, no model, no store; it reads settings files and nothing else."""
