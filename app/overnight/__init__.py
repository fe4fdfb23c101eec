"""Overnight: train, hold the champion against the last one, let it into the league, play a season; again, unattended."""

from app.overnight.config import OvernightConfig

__all__ = ["OvernightConfig"]
