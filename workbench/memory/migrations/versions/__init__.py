"""The revisions, named by number: 0001 creates the first tables, 0002 gives memories a life."""
