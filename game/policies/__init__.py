"""What plays: scripted bots, dense networks, NEAT graphs and users' Python bots, and the one kernel that runs them."""
