"""The league in the window: seasons, standings, players, matches, cross table and profiles.

The modules without Qt hold the rules: what a season's job has said, what a table's cells mean, which rows a list shows.
"""
