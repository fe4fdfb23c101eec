"""NEAT that learns from data: genomes are trained by gradient steps on their own graphs, and evolve."""
