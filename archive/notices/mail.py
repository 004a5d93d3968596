"""Hand a notice to a mail server (SMTP), encrypted and logged in as set."""

from __future__ import annotations

import base64
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from archive.errors import NotSent
from archive.notices.message import Taken
from archive.notices.settings import Security

if TYPE_CHECKING:
    from archive.notices.message import Letter
    from archive.notices.settings import MailSettings

#: Seconds for each answer of the server.
TIMEOUT_S: Final = 20.0
#: Characters kept of what a server says.
_SAID: Final = 300


def send_mail(settings: MailSettings, letter: Letter) -> Taken:
    """Hand *letter* over; refused recipients are remarked on when others took it. Raises NotSent."""
    where = f"{settings.host}:{settings.port}"
    try:
        refused = _sent(settings, _written(settings, letter))
    except smtplib.SMTPRecipientsRefused as error:
        refusals = _refusals(error.recipients, settings)
        raise NotSent(f"{where} refused every recipient: {refusals}") from error
    except smtplib.SMTPResponseException as error:
        said = _plain(error.smtp_error, settings)
        raise NotSent(f"{where} answered {error.smtp_code}: {said}") from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or error
        raise NotSent(f"no encrypted connection with {where}: {reason}") from error
    except TimeoutError as error:
        raise NotSent(f"{where} did not answer within {TIMEOUT_S:.0f} s") from error
    except (OSError, smtplib.SMTPException) as error:
        said = _plain(error.strerror or str(error), settings)
        raise NotSent(f"{where}: {said}") from error
    taken = [one for one in settings.recipients if one not in refused]
    remark = f"refused {_refusals(refused, settings)}" if refused else None
    said = f"{where} took it for {', '.join(taken)}"
    return Taken(said=f"{said}, but {remark}" if remark else said, remark=remark)


def _sent(settings: MailSettings, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
    """Recipients that were refused while others were not."""
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.security is Security.SSL:
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
    try:
        if settings.security is Security.STARTTLS:
            server.starttls(context=context)
        if settings.user is not None and settings.password is not None:
            server.login(settings.user, settings.password)
        refused = server.send_message(mail)
        # it is taken: a bad farewell must not have it sent again
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
    finally:
        server.close()
    return refused


def _written(settings: MailSettings, letter: Letter) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(letter.message.subject.split())
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.recipients)
    mail["Date"] = format_datetime(letter.created_at)
    mail["Message-ID"] = f"<{letter.id}@{settings.sender.rpartition('@')[2]}>"
    # no answer of "out of office" to a machine, RFC 3834
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.message.body, subtype="plain", charset="utf-8")
    return mail


def _refusals(recipients: dict[str, tuple[int, bytes]], settings: MailSettings) -> str:
    return "; ".join(
        f"{address} ({code} {_plain(text, settings)})"
        for address, (code, text) in recipients.items()
    )


def _plain(said: bytes | str, settings: MailSettings) -> str:
    """What the server said in one line, without the password, should it repeat it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    if settings.password:
        user = settings.user or ""
        for secret in (settings.password, f"\0{user}\0{settings.password}"):
            text = text.replace(base64.b64encode(secret.encode()).decode(), "***")
        text = text.replace(settings.password, "***")
    return " ".join(text.split())[:_SAID]
