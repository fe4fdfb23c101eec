"""How the actors of a run are driven: in the learner's process, round by round in others, or asynchronously."""
