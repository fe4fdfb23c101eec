"""The network view: what a player's network computes while it plays. Only ``canvas`` and ``panel`` know Qt."""
