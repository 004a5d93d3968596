"""Scrapy extensions: capture to WARC, progress."""
