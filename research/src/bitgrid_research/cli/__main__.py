"""So that ``python -m bitgrid_research.cli`` works where no script is installed."""

from bitgrid_research.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
