"""``python -m scraper`` is the ``dqtv`` command."""

from scraper.cli import main

main()
