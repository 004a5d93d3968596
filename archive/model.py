"""The nouns of the archive: immutable values that travel from discovery to the public database.

Nothing here reads, writes or decides. Missing is ``None``, never "". Instants are aware: UTC, +07:00 in ``published_at``.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from datetime import date, datetime

    from archive.template import Lesson, RemovedBlock


@attrs.frozen(kw_only=True)
class DaySpan:
    """Days of publication on the paper's own calendar, both ends included."""

    first: date
    last: date


class UrlKind(enum.StrEnum):
    """What a found URL is expected to be; it decides who reads the answer."""

    ARTICLE = "article"
    FEED = "feed"
    SITEMAP = "sitemap"
    LISTING = "listing"
    JSON_LISTING = "json_listing"
    #: Listing of the articles that carry one tag.
    TAG = "tag"
    #: Answer of the paper's own site search.
    SEARCH = "search"
    #: Home page: article links, and the feeds it names.
    HOME = "home"

    @property
    def is_discovery(self) -> bool:
        """True for addresses that are polled again on every run."""
        return self is not UrlKind.ARTICLE


@attrs.frozen(kw_only=True)
class FoundUrl:
    """An address discovery has found and the frontier shall remember."""

    #: Absolute URL as found.
    url: str
    kind: UrlKind = UrlKind.ARTICLE
    #: What the address has in common with all others of the same page; None: its normalised form.
    key: str | None = None
    #: Id of the seed it came from, needed to read listing pages; None for single articles.
    seed: str | None = None
    #: Number of a listing page, counted as the paper counts; None elsewhere.
    page: int | None = None
    #: Higher is fetched earlier.
    priority: int = 0
    #: How many redirects led here.
    hops: int = 0
    #: Only a guess: tried once, and not again when nothing of its kind answers.
    guess: bool = False
    #: Aware; when the page was last changed as its sitemap says, None when nothing says so.
    modified_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Asked:
    """What a crawl took an address for when it asked: kept with the record, so that the answer can be read again."""

    kind: UrlKind
    #: Seed and number of a listing page, as in FoundUrl.
    seed: str | None = None
    page: int | None = None
    hops: int = 0
    #: Days a backfill wanted; None for a daily crawl.
    span: DaySpan | None = None


class CaptureKind(enum.StrEnum):
    """How a capture came into the archive."""

    RESPONSE = "response"
    REVISIT = "revisit"
    IMPORT = "import"


@attrs.frozen(kw_only=True)
class RecordLocation:
    """Where a WARC record lies: file name relative to the archive's ``warc`` folder, bytes."""

    warc_file: str
    offset: int
    length: int


@attrs.frozen(kw_only=True)
class Capture:
    """One fetch of one URL at one instant, as the page reader sees it."""

    #: UUID of the WARC response (or revisit) record, without ``urn:uuid:``.
    id: str
    site: str
    url: str
    #: Aware UTC.
    fetched_at: datetime
    #: HTTP status code.
    status: int
    #: (name, value) pairs in the order received, names as received.
    headers: tuple[tuple[str, str], ...] = ()
    #: Entity body with transfer and content coding (gzip, br) removed, bytes as sent otherwise.
    body: bytes = attrs.field(default=b"", repr=False)
    kind: CaptureKind = CaptureKind.RESPONSE
    #: Hex SHA-256 of the payload as transferred (before any decoding of ours).
    payload_sha256: str | None = None
    location: RecordLocation | None = None
    run_id: str | None = None
    #: IP address the answer came from.
    ip: str | None = None
    #: What robots.txt said: ``allowed`` or ``not_consulted`` (imports); None for robots.txt itself.
    robots: str | None = None
    #: None for robots.txt, for imports, and in files of before this was kept.
    asked: Asked | None = None

    def header(self, name: str) -> str | None:
        """First value of the header *name* (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class BodyState(enum.StrEnum):
    """How much of the article's text the page gave."""

    FULL = "full"
    LEAD_ONLY = "lead_only"
    ENCODED = "encoded"


@attrs.frozen(kw_only=True)
class Figure:
    """A picture of an article; text only, the image itself is not stored."""

    #: 1-based order on the page.
    position: int
    url: str | None = None
    caption: str | None = None
    credit: str | None = None


class PageKind(enum.StrEnum):
    """What kind of page an article was printed on."""

    ARTICLE = "article"
    #: Pictures with captions, and little text beside them.
    ALBUM = "album"
    #: A film and what it shows, in a few lines.
    VIDEO = "video"
    #: Something to listen to and what it is about, in a few lines.
    AUDIO = "audio"
    EMAGAZINE = "emagazine"
    INFOGRAPHIC = "infographic"
    #: An article that goes on at further addresses; only the text of the page fetched is held.
    MULTI_PAGE = "multi_page"


class ChangeKind(enum.StrEnum):
    """How stored text differs from what the page's bytes say, spaces apart."""

    #: Read in another charset than the page declares; the record names it as well: ``charset:utf-8``.
    CHARSET = "charset"
    #: Decoded from an encoding older than Unicode.
    TCVN3 = "tcvn3"
    VNI = "vni"
    VIQR = "viqr"
    #: HTML entities left in the text by an escape too many.
    ENTITIES = "entities"
    #: Marks of a template engine or of Word.
    DEBRIS = "debris"
    #: UTF-8 that had been read in another code page before it reached the page.
    MOJIBAKE = "mojibake"
    #: Ligatures and letters of full width.
    LETTER_FORMS = "letter_forms"
    #: Letter and mark written as two characters.
    NFC = "nfc"
    #: ð for đ and ƣ for ư.
    LOOK_ALIKES = "look_alikes"
    #: Zero-width characters and soft hyphens.
    INVISIBLE = "invisible"
    CONTROLS = "controls"
    #: Bytes that are no character of the page's charset, shown as U+FFFD (�).
    LOST = "lost"


@attrs.frozen
class TextChange:
    """One kind of change made to the text of an article."""

    #: A ``ChangeKind``; of a charset with its name behind a colon.
    kind: str
    #: Characters: those taken out (debris, invisible, controls), else those put in place of others. Where the
    #: whole page was decoded (charset, tcvn3, vni, viqr), characters outside ASCII in the stored text.
    count: int


@attrs.frozen(kw_only=True)
class Article:
    """The cleaned article of one page. All text is NFC, single-spaced, as published otherwise."""

    #: ``<site>:<CMS number or hex id, else hash of the canonical URL>``; stable for ever.
    id: str
    site: str
    #: Canonical URL of the article.
    url: str
    title: str
    #: Lead paragraph as the paper marks it.
    sapo: str | None = None
    #: Paragraphs, without sapo, captions, byline and dateline.
    body: tuple[str, ...] = ()
    #: Author line verbatim.
    byline: str | None = None
    #: People only, never the paper.
    authors: tuple[str, ...] = ()
    #: Place or agency mark that opened the text, such as ``(CTO) -``, verbatim.
    dateline: str | None = None
    #: Section as the article page names it.
    section: str | None = None
    tags: tuple[str, ...] = ()
    #: Further addresses its page names for it: canonical, AMP, print, with or without section.
    addresses: tuple[str, ...] = ()
    #: Province of the paper at publication.
    province: str | None = None
    #: Aware, +07:00.
    published_at: datetime | None = None
    #: The text the date was read from.
    published_raw: str | None = None
    #: ``second``, ``minute`` or ``day``.
    published_precision: str | None = None
    modified_at: datetime | None = None
    figures: tuple[Figure, ...] = ()
    #: Where each field was read: ``rule:<selector>``, ``meta:<name>``, ``json-ld:<key>``, ``fallback`` ...
    title_source: str | None = None
    sapo_source: str | None = None
    date_source: str | None = None
    author_source: str | None = None
    #: ``rule`` (family layout), ``fallback`` (generic path) or ``second_opinion`` (trafilatura named the container).
    body_source: str | None = None
    body_state: BodyState = BodyState.FULL
    page_kind: PageKind = PageKind.ARTICLE
    #: What was changed in the texts above and in captions; in the order of ``ChangeKind``.
    text_changes: tuple[TextChange, ...] = ()
    #: Left out of the body, as the paper prints it with most articles.
    removed: tuple[RemovedBlock, ...] = ()
    #: Digest of the elements around the text; charset the page was read in, behind it what else it declares.
    skeleton: str | None = None
    charset: str | None = None
    #: Digest of title, lead and text before anything was left out for that reason.
    printed_digest: str | None = None

    @property
    def text(self) -> str:
        """Body paragraphs joined by a blank line."""
        return "\n\n".join(self.body)

    @property
    def word_count(self) -> int:
        """Number of syllables (space-separated words) in sapo and body."""
        return sum(len(part.split()) for part in (self.sapo or "", *self.body))


@attrs.frozen(kw_only=True)
class Evidence:
    """One component of a relevance score."""

    #: ``title``, ``lead``, ``body``, ``section``, ``density``, ``context``, ``foreign``, ``false_friend`` ...
    part: str
    #: The term as it stands in the text, or the rule's name.
    term: str
    count: int
    #: Points it added (negative: took away) in total.
    weight: float


@attrs.frozen(kw_only=True)
class Verdict:
    """Whether an article is about Vietnam's militia, with everything that led to the answer."""

    #: Sum of the evidence's weights.
    relevance: float
    #: 0 none or foreign, 1 mentions Vietnam's militia, 2 about it.
    level: int
    evidence: tuple[Evidence, ...] = ()


class RejectReason(enum.StrEnum):
    """Why a fetched page did not become an article; also the name of its counter."""

    NOT_MILITIA = "not_militia"
    FOREIGN_MILITIA = "foreign_militia"
    LISTING_PAGE = "listing_page"
    NO_TITLE = "no_title"
    NO_BODY = "no_body"
    NOT_HTML = "not_html"
    UNREADABLE = "unreadable"
    BLOCKED = "blocked"
    HTTP_STATUS = "http_status"


@attrs.frozen(kw_only=True)
class Accepted:
    """The page is an article about the militia and is to be stored."""

    capture: Capture
    article: Article
    verdict: Verdict
    lesson: Lesson | None = None

    @property
    def judged(self) -> Accepted | None:
        """Itself: article and verdict."""
        return self


@attrs.frozen(kw_only=True)
class Rejected:
    """The page was read and is not stored as an article; its capture and reason are."""

    capture: Capture
    reason: RejectReason
    #: One sentence for people.
    detail: str | None = None
    #: What could be read, kept so that the verdict can be checked; None for non-articles.
    article: Article | None = None
    verdict: Verdict | None = None
    #: What the page teaches about its paper's template; None for pages that are no article.
    lesson: Lesson | None = None

    @property
    def judged(self) -> Accepted | None:
        """Article and verdict as of one the archive holds; None where no article was read."""
        if self.article is None or self.verdict is None:
            return None
        return Accepted(
            capture=self.capture, article=self.article, verdict=self.verdict, lesson=self.lesson
        )


@attrs.frozen(kw_only=True)
class Explored:
    """A feed, sitemap or listing was read; *found* is stored in the same transaction."""

    capture: Capture
    found: tuple[FoundUrl, ...] = ()
    #: Keys of all articles the page lists, also of those that are left out of *found* by their date.
    listed: tuple[str, ...] = ()
    #: True when every article listed is known to be older than what a backfill asks for.
    is_past: bool = False
    #: The following listing page; remembered only when the crawl's rule for going on says so.
    next_page: FoundUrl | None = None


@attrs.frozen(kw_only=True)
class Redirected:
    """The address answered with a redirect; *target* is stored in the same transaction."""

    capture: Capture
    #: None when the target is outside the site or one redirect too many.
    target: FoundUrl | None = None
    detail: str | None = None
    #: Where a known article went for good, if it did: it keeps its id there.
    moved_to: str | None = None


@attrs.frozen(kw_only=True)
class NotModified:
    """The server says that nothing changed since the capture whose validators it was sent (HTTP 304)."""

    #: A revisit; it has no payload of its own.
    capture: Capture


@attrs.frozen(kw_only=True)
class Failed:
    """No page came back (or none worth reading) and trying again may or may not help."""

    #: Short machine word: ``not_found``, ``server_error``, ``timeout``, ``dns``, ``robots`` ...
    reason: str
    detail: str | None = None
    #: None when no answer arrived at all.
    capture: Capture | None = None
    #: True when a later try makes sense.
    retry: bool = False
    #: Seconds the server asked to wait (Retry-After), if any.
    retry_after: float | None = None


Outcome = Accepted | Rejected | Explored | NotModified | Redirected | Failed
