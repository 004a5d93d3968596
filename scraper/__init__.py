"""The scraper: the network and the HTML. Imports ``archive``, never the reverse."""
