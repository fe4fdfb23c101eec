"""What the results of matches mean: ratings, error bars, tests and cycles."""
