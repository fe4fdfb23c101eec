"""The arena: one match on the screen, its transport, people who play, and the wall of matches beside it."""
