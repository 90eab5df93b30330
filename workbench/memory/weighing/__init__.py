"""A statement on its way in: what is worth remembering, of what kind, from when, and how important."""
