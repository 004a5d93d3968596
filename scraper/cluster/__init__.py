"""Crawling on several machines: jobs on Procrastinate, each a slice of one paper's crawl on some worker.

An optional part (``pip install dqtv-archive[cluster]``); a crawl on one machine neither imports nor needs it.
How the parts work together, and what happens when one dies: docs/cluster.md.
"""
