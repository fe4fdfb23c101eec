"""The Training dock: runs as cards, and the form that starts one. Trainers appear here by being registered."""
