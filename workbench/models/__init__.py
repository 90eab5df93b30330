"""Speak to a language model: one Protocol, its engines (embedded llama.cpp, Ollama), what each model needs, and which fits."""
