"""Look at a paper before it is crawled: ``dqtv sites new`` and ``dqtv sites check``.

Little is fetched, one request at a time, and nothing is stored.
"""
