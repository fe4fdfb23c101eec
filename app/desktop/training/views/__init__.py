"""Ways to show what runs report beside their metrics. A module here with a ``VIEW`` (a ``DetailView``) is one."""
