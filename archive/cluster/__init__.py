"""Crawling on several machines: leases, segments, the inbox. Nothing else imports it; it needs the extra ``cluster``."""
