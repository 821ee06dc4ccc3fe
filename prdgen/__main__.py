"""Run prdgen as `python -m prdgen`."""

from prdgen.cli.main import main

if __name__ == "__main__":
    main()
