"""How new players are learned."""
