"""The ground floor: records, errors, settings. No model, no store; it reads settings files and nothing else."""
