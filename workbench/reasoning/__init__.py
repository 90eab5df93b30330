"""A question becomes an answer: walk 1, its strategies, tools and events. It owns no store and no engine."""
