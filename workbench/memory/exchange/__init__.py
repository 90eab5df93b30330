"""Conversations and memories leave as JSON or Markdown, and come back."""
