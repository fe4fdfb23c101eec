"""Who plays whom, and what the results mean: schedules, seasons, ratings, the store."""
