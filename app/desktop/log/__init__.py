"""What the window, its jobs and the program's own log have to say, in one list."""
