"""Training examples: read, generated, collected from use, checked, split. It knows no adapter and trains nothing."""
