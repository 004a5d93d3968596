"""From the bytes of feeds, sitemaps and listings to found URLs; pure functions."""
