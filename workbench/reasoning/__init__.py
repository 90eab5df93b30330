"""A question becomes an answer: walk 1, its strategies, tools, prompts and events. It owns no store and no engine."""
