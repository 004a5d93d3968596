"""Where notices go, from the environment."""

from __future__ import annotations

from datetime import datetime

import pytest

from archive.errors import UsageError
from archive.instants import VIETNAM
from archive.notices.settings import DigestTime, Security, read_settings

MAIL = {"DQTV_SMTP_HOST": "smtp.example.org", "DQTV_MAIL_FROM": "kho@example.org", "DQTV_MAIL_TO": "a@example.org, b@example.org"}  # fmt: skip


def test_nothing_is_set_up_by_itself():
    settings = read_settings({})
    assert settings.channels == {}
    assert (settings.languages, settings.days) == (("vi", "en"), 7)


@pytest.mark.parametrize(
    ("more", "security", "port"),
    [
        ({}, Security.STARTTLS, 587),
        ({"DQTV_SMTP_SECURITY": "ssl"}, Security.SSL, 465),
        ({"DQTV_SMTP_SECURITY": "none", "DQTV_SMTP_HOST": "localhost:2525"}, Security.NONE, 2525),
    ],
)
def test_each_kind_of_encryption_has_its_usual_port(more, security, port):
    mail = read_settings(MAIL | more).mail
    assert (mail.security, mail.port) == (security, port)
    assert mail.recipients == ("a@example.org", "b@example.org")


def test_secrets_may_stand_in_files_and_are_never_shown(tmp_path):
    password, address = tmp_path / "password", tmp_path / "address"
    password.write_text("hush-hush\n")
    address.write_text("https://hooks.example.org/key/hush-hush\n")
    settings = read_settings(
        MAIL | {"DQTV_SMTP_USER": "kho", "DQTV_SMTP_PASSWORD_FILE": str(password), "DQTV_WEBHOOK_URL_FILE": str(address)}
    )  # fmt: skip
    assert settings.mail.password == "hush-hush"
    assert settings.webhook.host == "hooks.example.org"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DQTV_SMTP_HOST": "smtp.example.org"}, "DQTV_MAIL_FROM is not"),
        (MAIL | {"DQTV_MAIL_TO": ""}, "DQTV_MAIL_TO is not"),
        (MAIL | {"DQTV_MAIL_TO": ","}, "DQTV_MAIL_TO: give"),
        (MAIL | {"DQTV_MAIL_TO": "nobody"}, "'nobody' is no mail address"),
        (MAIL | {"DQTV_MAIL_FROM": "a@b.org\nBcc: c@d.org"}, "DQTV_MAIL_FROM"),
        (MAIL | {"DQTV_MAIL_FROM": "a@b.org,c@d.org"}, "DQTV_MAIL_FROM: give one"),
        (MAIL | {"DQTV_SMTP_HOST": "smtp.example.org:x"}, "DQTV_SMTP_HOST"),
        (MAIL | {"DQTV_SMTP_HOST": "https://smtp.example.org"}, "DQTV_SMTP_HOST"),
        (MAIL | {"DQTV_SMTP_SECURITY": "tls"}, "starttls, ssl or none"),
        (MAIL | {"DQTV_SMTP_USER": "kho"}, "without a password"),
        (MAIL | {"DQTV_SMTP_PASSWORD": "hush"}, "DQTV_SMTP_USER is not"),
        (MAIL | {"DQTV_SMTP_USER": "kho", "DQTV_SMTP_PASSWORD": "bí mật"}, "without marks"),
        (MAIL | {"DQTV_SMTP_USER": "kho", "DQTV_SMTP_PASSWORD": "hush", "DQTV_SMTP_SECURITY": "none"}, "in clear"),
        (MAIL | {"DQTV_SMTP_USER": "kho", "DQTV_SMTP_PASSWORD_FILE": "/nowhere"}, "cannot read /nowhere"),
        ({"DQTV_WEBHOOK_URL": "ftp://hush.example.org"}, "begins with https://"),
        ({"DQTV_WEBHOOK_URL": "https://user:hush@example.org"}, "user or password"),
        ({"DQTV_WEBHOOK_URL": "https://example.org:99999/hush"}, "DQTV_WEBHOOK_URL"),
        ({"DQTV_WEBHOOK_URL": "https://example.org/hush hush"}, "DQTV_WEBHOOK_URL"),
        ({"DQTV_NOTICES_LANGUAGES": "vi,fr"}, "DQTV_NOTICES_LANGUAGES"),
        ({"DQTV_NOTICES_DAYS": "0"}, "DQTV_NOTICES_DAYS=0"),
        ({"DQTV_DIGEST": "monday"}, "DQTV_DIGEST"),
        ({"DQTV_DIGEST": "mon 24:00"}, "DQTV_DIGEST"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_and_no_secret_is_repeated(environment, said):
    with pytest.raises(UsageError, match="DQTV_") as caught:
        read_settings(environment)
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_digest_can_be_left_out():
    assert read_settings({"DQTV_DIGEST": "off"}).digest is None


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-23 07:00", "2026-11-23 07:00"),  # a Monday
        ("2026-11-23 06:59", "2026-11-16 07:00"),
        ("2026-11-29 23:59", "2026-11-23 07:00"),
    ],
)
def test_the_digest_is_written_at_its_hour_of_vietnam(now, last):
    now, last = (datetime.fromisoformat(x).replace(tzinfo=VIETNAM).timestamp() for x in (now, last))
    assert DigestTime(weekday=0, minute=7 * 60).last(now) == last
