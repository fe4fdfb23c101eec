"""Work in a process of its own, for a window or any other program: JSON lines out, commands in.

No Qt here. A job is ``main.py`` itself with ``--events``: whatever the window starts, the command line can start too.
"""
