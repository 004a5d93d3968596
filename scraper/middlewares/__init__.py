"""Downloader middlewares: politeness and robots.txt."""
