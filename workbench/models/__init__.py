"""Speak to a language model: one Protocol, its engines, what each model needs, and which one fits."""
