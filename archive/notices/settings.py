"""Where notices go, from environment variables. Secrets are never shown, and may stand in files."""

from __future__ import annotations

import enum
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.errors import UsageError
from archive.instants import VIETNAM, instant_of
from archive.timing import DAY_S

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIL: Final = "mail"
WEBHOOK: Final = "webhook"
FILE: Final = "file"
LANGUAGES: Final = ("vi", "en")

SMTP_HOST: Final = "DQTV_SMTP_HOST"
SMTP_SECURITY: Final = "DQTV_SMTP_SECURITY"
SMTP_USER: Final = "DQTV_SMTP_USER"
SMTP_PASSWORD: Final = "DQTV_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
SMTP_PASSWORD_FILE: Final = "DQTV_SMTP_PASSWORD_FILE"  # noqa: S105 - the name of a variable
MAIL_FROM: Final = "DQTV_MAIL_FROM"
MAIL_TO: Final = "DQTV_MAIL_TO"
WEBHOOK_URL: Final = "DQTV_WEBHOOK_URL"
WEBHOOK_URL_FILE: Final = "DQTV_WEBHOOK_URL_FILE"
NOTICES_FILE: Final = "DQTV_NOTICES_FILE"
NOTICES_LANGUAGES: Final = "DQTV_NOTICES_LANGUAGES"
NOTICES_DAYS: Final = "DQTV_NOTICES_DAYS"
DIGEST: Final = "DQTV_DIGEST"

#: Variables that a service needs as well; those that hold a secret are left to their files.
HANDED_ON: Final = (
    SMTP_HOST, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD_FILE, MAIL_FROM, MAIL_TO, WEBHOOK_URL_FILE,
    NOTICES_FILE, NOTICES_LANGUAGES, NOTICES_DAYS, DIGEST,
)  # fmt: skip
#: Variable with a secret -> the one that names a file with it.
SECRETS: Final = {SMTP_PASSWORD: SMTP_PASSWORD_FILE, WEBHOOK_URL: WEBHOOK_URL_FILE}

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ADDRESS: Final = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
#: Hosts to which a password may go without encryption: this machine.
_OWN_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Security(enum.Enum):
    """How the connection to the mail server is encrypted; the value is its usual port."""

    STARTTLS = 587
    SSL = 465
    NONE = 25


@attrs.frozen(kw_only=True)
class MailSettings:
    """A mail server, and who writes to whom."""

    host: str
    port: int
    security: Security
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class WebhookSettings:
    """An address that takes JSON; it may hold a key, so only its host is ever shown."""

    url: str = attrs.field(repr=False)

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


@attrs.frozen(kw_only=True)
class FileSettings:
    """A file that gets one line of JSON for each notice."""

    path: Path


#: A way to tell somebody.
Way = MailSettings | WebhookSettings | FileSettings


@attrs.frozen(kw_only=True)
class DigestTime:
    """Day of the week (0 is Monday) and minute of the day, Vietnam's time."""

    weekday: int
    minute: int

    def last(self, now: float) -> float:
        """The newest such moment up to the Unix time *now*."""
        local = instant_of(now).astimezone(VIETNAM)
        days = (local.weekday() - self.weekday) % 7
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        moment = midnight - days * DAY_S + self.minute * 60.0
        return moment if moment <= now else moment - 7 * DAY_S


@attrs.frozen(kw_only=True)
class NoticeSettings:
    """Everything about notices that can be set."""

    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None
    file: FileSettings | None = None
    languages: tuple[str, ...] = LANGUAGES
    #: Days for which a notice is tried again.
    days: int = 7
    #: None for no digest.
    digest: DigestTime | None = DigestTime(weekday=0, minute=7 * 60)

    @property
    def channels(self) -> dict[str, Way]:
        """Name -> settings of each way that is set up."""
        ways = {MAIL: self.mail, WEBHOOK: self.webhook, FILE: self.file}
        return {name: way for name, way in ways.items() if way is not None}


def read_settings(environment: Mapping[str, str]) -> NoticeSettings:
    """The settings in *environment*. Raises UsageError naming the variable that is wrong or missing."""
    return NoticeSettings(
        mail=_mail(environment),
        webhook=_webhook(environment),
        file=_file(environment),
        languages=_languages(environment.get(NOTICES_LANGUAGES) or ",".join(LANGUAGES)),
        days=_days(environment.get(NOTICES_DAYS) or "7"),
        digest=_digest(environment.get(DIGEST) or "mon 07:00"),
    )


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    """A secret, or what the file named by its other variable holds."""
    file = environment.get(SECRETS[name])
    if not file:
        return environment.get(name) or None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise UsageError(f"{SECRETS[name]}: cannot read {file}: {reason}") from error
    if not text:
        raise UsageError(f"{SECRETS[name]}: {file} is empty")
    return text


def _mail(environment: Mapping[str, str]) -> MailSettings | None:
    given = environment.get(SMTP_HOST)
    if not given:
        return None
    security = _security(environment.get(SMTP_SECURITY) or Security.STARTTLS.name)
    host, port = _host_and_port(given, security.value)
    sender = _addresses(environment, MAIL_FROM)
    if len(sender) != 1:
        raise UsageError(f"{MAIL_FROM}: give one address")
    user, password = environment.get(SMTP_USER) or None, _secret(environment, SMTP_PASSWORD)
    if user and password is None:
        raise UsageError(
            f"{SMTP_USER} is set without a password; set {SMTP_PASSWORD} or {SMTP_PASSWORD_FILE}"
        )
    if password is not None and not user:
        raise UsageError(f"a password is set, but {SMTP_USER} is not")
    if not f"{user}{password}".isascii():
        raise UsageError(
            f"{SMTP_USER} and the password may hold only letters without marks (ASCII)"
        )
    if password is not None and security is Security.NONE and host not in _OWN_MACHINE:
        raise UsageError(
            f"{SMTP_SECURITY}=none would send the password to {host} in clear; use starttls or ssl"
        )
    return MailSettings(
        host=host, port=port, security=security, sender=sender[0],
        recipients=_addresses(environment, MAIL_TO), user=user, password=password,
    )  # fmt: skip


def _security(text: str) -> Security:
    try:
        return Security[text.upper()]
    except KeyError as error:
        raise UsageError(f"{SMTP_SECURITY}={text}: write starttls, ssl or none") from error


def _host_and_port(text: str, usual_port: int) -> tuple[str, int]:
    wrong = (
        f"{SMTP_HOST}={text}: write the mail server's name, with :PORT where it is an unusual one"
    )
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(wrong) from error
    if not host or parts.path or parts.username or re.search(r"\s", text):
        raise UsageError(wrong)
    return host, port or usual_port


def _addresses(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environment.get(name)
    if not text:
        raise UsageError(f"{SMTP_HOST} is set, but {name} is not: give a mail address")
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in addresses:
        if not (address.isascii() and _ADDRESS.fullmatch(address)):
            raise UsageError(f"{name}: {address!r} is no mail address such as archive@example.org")
    if not addresses:
        raise UsageError(f"{name}: give a mail address")
    return addresses


def _webhook(environment: Mapping[str, str]) -> WebhookSettings | None:
    url = _secret(environment, WEBHOOK_URL)
    if url is None:
        return None
    # the address may hold a key: it is not repeated
    wrong = f"{WEBHOOK_URL}: write an address that begins with https:// or http:// and holds no spaces, user or password"
    try:
        parts = urlsplit(url)
        is_wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
    except ValueError as error:
        raise UsageError(wrong) from error
    if (
        is_wrong
        or parts.username is not None
        or not url.isascii()
        or re.search(r"[\s\x00-\x1f]", url)
    ):
        raise UsageError(wrong)
    return WebhookSettings(url=url)


def _file(environment: Mapping[str, str]) -> FileSettings | None:
    text = environment.get(NOTICES_FILE)
    return FileSettings(path=Path(text).absolute()) if text else None


def _languages(text: str) -> tuple[str, ...]:
    languages = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if not set(languages) <= set(LANGUAGES):
        raise UsageError(f"{NOTICES_LANGUAGES}={text}: write vi, en or vi,en")
    return languages


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 365:  # noqa: PLR2004 - a year
        raise UsageError(f"{NOTICES_DAYS}={text}: write a number of days from 1 to 365")
    return int(text)


def _digest(text: str) -> DigestTime | None:
    if text == "off":
        return None
    found = re.fullmatch(r"([a-z]{3}) (\d\d):([0-5]\d)", text.strip().lower())
    if not found or found[1] not in _DAYS or int(found[2]) > 23:  # noqa: PLR2004 - hours
        raise UsageError(
            f"{DIGEST}={text}: write a day (mon to sun) and a time of Vietnam's, such as 'mon 07:00', or off"
        )
    return DigestTime(weekday=_DAYS.index(found[1]), minute=int(found[2]) * 60 + int(found[3]))
