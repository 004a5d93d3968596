"""Scrapy settings. Polite and safe values live here, each with its reason."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

from scraper.cores import cores

#: Setting names of our own; also environment variables of the same name.
ARCHIVE_SETTING: Final = "DQTV_ARCHIVE"
OPERATOR_SETTING: Final = "DQTV_OPERATOR"
CONTACT_SETTING: Final = "DQTV_CONTACT"
READERS_SETTING: Final = "DQTV_EXTRACT_PROCESSES"
CLOCK_SETTING: Final = "DQTV_CLOCK_AHEAD"

SOFTWARE: Final = f"dqtv-archive/{version('dqtv-archive')}"
#: What wrote a capture, with what it is built on; stands in every WARC file.
SOFTWARE_VERSIONS: Final = " ".join(
    [SOFTWARE, *(f"{name}/{version(name)}" for name in ("Scrapy", "Twisted", "warcio"))]
)
#: Scrapy setting: pages of one site in one run.
PAGE_BUDGET_SETTING: Final = "DQTV_PAGE_BUDGET"
#: Scrapy setting: bytes after which a WARC file is closed and the next one begun.
WARC_BYTES_SETTING: Final = "DQTV_WARC_BYTES"
#: Scrapy setting: megabytes that must stay free on the archive's disk.
MIN_FREE_SETTING: Final = "DQTV_MIN_FREE_MB"


def archive_root(value: str | None) -> Path:
    """The archive folder a setting, option or environment names; ``./dqtv-data`` when none does."""
    return Path(value or os.environ.get(ARCHIVE_SETTING) or "dqtv-data").absolute()


def user_agent(contact: str | None) -> str:
    """An honest user agent: who we are, and where a web master can reach whoever runs the crawl."""
    reach = f"; +{contact}" if contact else ""
    return f"{SOFTWARE} (newspaper archive, dan quan tu ve{reach})"


DQTV_ARCHIVE = os.environ.get(ARCHIVE_SETTING)
DQTV_CONTACT = os.environ.get(CONTACT_SETTING)
# the usual size: small enough to copy, large enough for a year
DQTV_WARC_BYTES = int(os.environ.get(WARC_BYTES_SETTING) or 1_000_000_000)
# Megabytes that stay free on the archive's disk: a crawl ends cleanly before SQLite or a WARC file meets a full disk.
DQTV_MIN_FREE_MB = int(os.environ.get(MIN_FREE_SETTING) or 500)
# Far above what a day brings: stops endless calendars and the like. --max-pages wins over it.
DQTV_PAGE_BUDGET = 20_000
DQTV_OPERATOR = os.environ.get(OPERATOR_SETTING) or DQTV_CONTACT or "unknown"
# A page that kills its reader then kills no crawl, and the crawl's own process answers sooner where there is a core for
# both; see docs/design-notes.md#frontier for the figures. 0 reads pages in the crawl's own process.
DQTV_EXTRACT_PROCESSES = int(os.environ.get(READERS_SETTING) or min(1, cores() - 1))

# Days after the first capture, or the last change, on which an article is looked at again: news is corrected
# and withdrawn within days. Nothing is checked again when this is empty.
DQTV_RECHECK_DAYS = os.environ.get("DQTV_RECHECK_DAYS", "1,3,7,30,90")
# Days from each check to the next after that, for ever: links of papers die over years. 0: no more.
DQTV_RECHECK_THEN_EVERY = os.environ.get("DQTV_RECHECK_THEN_EVERY", "365")
# Checks of one paper in one run at most: at five seconds a page, a quarter of an hour.
DQTV_RECHECKS_PER_RUN = os.environ.get("DQTV_RECHECKS_PER_RUN", "200")
# Hours after a first "not found" until an article is looked at again, and taken for withdrawn if it is still gone.
DQTV_SECOND_LOOK_HOURS = os.environ.get("DQTV_SECOND_LOOK_HOURS", "12")
# Seconds the crawl's clock is ahead of the machine's, to try out what happens on later days.
DQTV_CLOCK_AHEAD = 0.0

BOT_NAME = "dqtv-archive"
SPIDER_MODULES = ["scraper.spiders"]
NEWSPIDER_MODULE = "scraper.spiders"
USER_AGENT = user_agent(DQTV_CONTACT)
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.8,*/*;q=0.5",
    "Accept-Language": "vi,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}

# Our own frontier: Scrapy's job folder kept 14 of 1,500 pages after one SIGKILL (docs/design-notes.md#frontier).
SCHEDULER = "scraper.scheduler.FrontierScheduler"
# Sends nothing to a site whose lease is over, and notes when each request is sent, for the crawl log.
DOWNLOADER = "scraper.downloader.LeasedDownloader"
ITEM_PIPELINES = {"scraper.pipelines.LedgerPipeline": 300}
EXTENSIONS = {
    "scraper.extensions.capture.CaptureExtension": 0,
    "scraper.extensions.progress.ProgressExtension": 10,
    "scraper.extensions.run_record.RunRecordExtension": 20,
    "scraper.extensions.segments.SegmentExtension": 30,
    "scrapy.extensions.corestats.CoreStats": None,
    "scrapy.extensions.logstats.LogStats": None,
}

# Obeyed by our own middleware, which follows RFC 9309 more closely than Scrapy's.
ROBOTSTXT_OBEY = True
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scraper.middlewares.guard.AddressGuardMiddleware": 50,
    "scraper.middlewares.robots.RobotsMiddleware": 100,
    "scraper.middlewares.politeness.PolitenessMiddleware": 560,
    # Retries, redirects and their limits live in the frontier table, where a crash cannot lose them.
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    # Offsite links are refused when they are found (SiteSpec.owns).
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
}
SPIDER_MIDDLEWARES = {
    # Every status is an outcome of its own (404, 429 ...), so nothing may be swallowed before the spider.
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    # Start requests come from the frontier as well.
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
}

# The delay itself is each site's own (middlewares/politeness.py); these hold where a slot has none.
DOWNLOAD_DELAY = 5.0
DOWNLOAD_DELAY_JITTER = 0.0
# Requests at a time are set per slot by the politeness middleware; this is the size of the connection
# pool, which would otherwise open a new connection for almost every request to the demo press.
CONCURRENT_REQUESTS_PER_DOMAIN = 8
CONCURRENT_REQUESTS = 32
AUTOTHROTTLE_ENABLED = False  # it undoes Crawl-delay (measured, docs/design-notes.md#politeness)
CONCURRENT_ITEMS = (
    1  # the default starts 101 tasks for every answer (measured: x1.5 faster without)
)

# A certificate that cannot be verified is a failure ("tls"). Scrapy's default is to accept any.
DOWNLOAD_VERIFY_CERTIFICATES = True
# Guarded connections, exceptions from TLS checks by host, bounded heads (docs/safety.md); no other schemes.
DOWNLOAD_HANDLERS = {
    "http": "scraper.downloads.GuardedDownloadHandler",
    "https": "scraper.downloads.GuardedDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
DQTV_PRIVATE_HOSTS: list[
    str
] = []  # hosts with port that may be private; a crawl adds the demo press
# Bodies are unpacked by the reader of stored pages (archive/decoding.py), within its bounds.
COMPRESSION_ENABLED = False
# A proxy would resolve names itself, so that nobody could check where a request goes.
HTTPPROXY_ENABLED = False
DQTV_TLS_EXCEPTIONS: list[str] = []  # hosts that are not verified; a crawl fills it from site files
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024  # no article page is larger; the default is a gigabyte
DOWNLOAD_WARNSIZE = 0
COOKIES_ENABLED = False  # no log-ins, no tracking
TELNETCONSOLE_ENABLED = False  # runs code it is sent
REMOTE_CONTROL_ENABLED = False  # runs code it is sent; on by default since Scrapy 2.19
HTTPCACHE_ENABLED = False
MEMUSAGE_ENABLED = False
DOWNLOADER_STATS = False  # counts bytes of every page for nobody; the report counts outcomes
WARN_ON_GENERATOR_RETURN_VALUE = False  # parses the spider's source again and again

LOG_LEVEL = "WARNING"
