"""`python -m server` is the command `cardinal`."""

from server.cli import main

if __name__ == "__main__":
    main(prog_name="cardinal")
