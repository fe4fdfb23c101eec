"""One script a revision, each following the one before."""
