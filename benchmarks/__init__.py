"""One command measures every performance table of the README: ``python main.py bench``."""
