"""Conversations: turns and feedback, what a model reads of them, and how they are forgotten."""
