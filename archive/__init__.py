"""The archive: its nouns and everything durable. Never imports ``scraper``."""
