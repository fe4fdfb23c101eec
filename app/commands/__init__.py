"""The subcommands of ``main.py``. A module here that has a ``COMMAND`` (a click command) is one, by its module's name."""
