"""Looking into a store and mending it: checks, a new embedder, figures about its life."""
