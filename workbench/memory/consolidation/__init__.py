"""What becomes of memories: promoted, merged, superseded, expired; a pure plan, and who applies it."""
