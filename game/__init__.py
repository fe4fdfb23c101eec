"""How matches are played: rules, policies, the match loop, executors."""
