"""Crawls on several machines into one archive, with PostgreSQL between them; an optional extra.

Nothing outside imports it but what is only used there, so that a single machine needs none of its packages.
"""
