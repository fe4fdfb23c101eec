"""Dense networks as flat vectors of parameters, and the arithmetic of learning them: what several methods share."""
