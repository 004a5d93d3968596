"""From the bytes of a page to the fields of an article."""
