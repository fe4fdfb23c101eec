"""How people use Rally League: the command line, and the desktop."""
