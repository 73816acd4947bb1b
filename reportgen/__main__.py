"""`python -m reportgen`: the same as the command."""

from reportgen.cli import main

if __name__ == "__main__":
    main()
