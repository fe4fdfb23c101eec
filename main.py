"""Rally League: the desktop, or with arguments the command line."""

import sys


def main(arguments: list[str]) -> int:
    """Open the desktop if there is nothing else to do; return the exit code."""
    from app.launch import launch  # a worker process imports this file and needs none of it

    return launch(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
