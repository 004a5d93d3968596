"""Mail, web address and file: what goes out, and what is said when it does not."""

from __future__ import annotations

import email
import email.policy
import json
import os

import pytest

from archive.errors import NotSent
from archive.notices.lines import append
from archive.notices.mail import send_mail
from archive.notices.sending import deliver
from archive.notices.settings import FileSettings, Security, WebhookSettings
from archive.notices.webhook import post

USER, PASSWORD = "archive", "rất-bí-mật".encode().hex()


@pytest.fixture
def impatient(monkeypatch):
    for module in ("mail", "webhook"):
        monkeypatch.setattr(f"archive.notices.{module}.TIMEOUT_S", 0.3)


def read(mail):
    return email.message_from_bytes(mail, policy=email.policy.default)


def hook(server, path="/hook?key=secret", scheme="http"):
    return WebhookSettings(url=f"{scheme}://127.0.0.1:{server.server_address[1]}{path}")


# -- mail ---------------------------------------------------------------------------------------------


def test_a_mail_keeps_vietnamese_in_subject_and_text(mail_server, letter):
    taken = send_mail(mail_server.settings(), letter)
    [mail] = map(read, mail_server.mails)
    assert mail["Subject"] == letter.message.subject
    # SMTP doubles a dot that begins a line, and the server takes it away again
    assert mail.get_content().replace("\r\n", "\n").replace("\n..m", "\n.m") == letter.message.body
    assert (mail["From"], mail["To"]) == ("kho@example.org", "an@example.org, binh@example.org")
    assert mail["Message-ID"] == "<dqtv-7-20261125T000000Z@example.org>"
    assert mail["Date"] == "Wed, 25 Nov 2026 00:00:00 +0000"
    assert taken.said.endswith("took it for an@example.org, binh@example.org")
    assert taken.remark is None


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.SSL])
def test_a_login_goes_over_an_encrypted_connection(mail_server, context, letter, security):
    mail_server.context, mail_server.implicit = context, security is Security.SSL
    send_mail(mail_server.settings(security=security, user=USER, password=PASSWORD), letter)
    assert mail_server.logins == [True]
    assert len(mail_server.mails) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.SSL])
def test_a_certificate_nobody_vouches_for_stops_the_mail(mail_server, context, letter, security):
    mail_server.context, mail_server.implicit = context, security is Security.SSL
    with pytest.raises(NotSent, match=r"no encrypted connection with 127.0.0.1:.*self-signed"):
        send_mail(mail_server.settings(security=security), letter)
    assert mail_server.mails == []


def test_a_server_without_encryption_gets_nothing_when_it_is_asked_for(mail_server, letter):
    settings = mail_server.settings(security=Security.STARTTLS, user=USER, password=PASSWORD)
    with pytest.raises(NotSent, match="STARTTLS"):
        send_mail(settings, letter)
    assert mail_server.logins == []


def test_a_refused_password_is_not_shown_though_the_server_repeats_it(mail_server, letter):
    settings = mail_server.settings(user=USER, password="a-wrong-password")
    with pytest.raises(NotSent, match="answered 535") as caught:
        send_mail(settings, letter)
    assert "a-wrong-password" not in str(caught.value)
    assert "***" in str(caught.value)
    assert "a-wrong-password" not in repr(settings)


def test_one_refused_recipient_is_named_and_the_others_get_it_once(mail_server, letter):
    mail_server.unknown = {"binh@example.org"}
    taken = send_mail(mail_server.settings(), letter)
    assert taken.remark == "refused binh@example.org (550 nobody here)"
    assert len(mail_server.mails) == 1


def test_a_mail_that_every_recipient_refuses_is_not_sent(mail_server, letter):
    mail_server.unknown = {"an@example.org", "binh@example.org"}
    with pytest.raises(NotSent, match=r"refused every recipient: an@example.org"):
        send_mail(mail_server.settings(), letter)


@pytest.mark.parametrize(
    ("verb", "answer"),
    [("EHLO", "421 not now"), ("MAIL", "451 try later"), ("DATA", "554 no"), ("RCPT", "452 full")],
)
def test_what_a_refusing_server_says_is_repeated(mail_server, letter, verb, answer):
    mail_server.answers = {verb: answer, "HELO": answer}
    with pytest.raises(NotSent, match=answer[:3]):
        send_mail(mail_server.settings(), letter)


def test_a_bad_farewell_does_not_undo_a_mail(mail_server, letter):
    mail_server.answers = {"QUIT": "500 what?"}
    assert send_mail(mail_server.settings(), letter).remark is None


def test_a_mail_server_that_is_down_is_named(mail_server, letter, closed_port):
    with pytest.raises(NotSent, match=f"127.0.0.1:{closed_port}: .*refused"):
        send_mail(mail_server.settings(port=closed_port), letter)


@pytest.mark.usefixtures("impatient")
def test_a_mail_server_that_says_nothing_is_left_after_the_timeout(mail_server, letter):
    mail_server.silent = True
    with pytest.raises(NotSent, match=r"did not answer|timed out"):
        send_mail(mail_server.settings(), letter)


def test_a_server_that_answers_in_drops_is_left_after_the_bound(mail_server, letter):
    mail_server.dripping = True
    with pytest.raises(NotSent, match=r"not done after 0.5 s"):
        deliver(mail_server.settings(), letter, seconds=0.5)


# -- web address --------------------------------------------------------------------------------------


def test_a_notice_is_posted_as_json(web_server, letter):
    assert post(hook(web_server), letter).said.endswith("answered 200 OK")
    [(path, headers, body)] = web_server.posts
    assert path == "/hook?key=secret"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "id": "dqtv-7-20261125T000000Z", "kind": "alarms", "created_at": "2026-11-25T00:00:00.000000Z",
        "subject": letter.message.subject, "text": letter.message.body, "archive": "/srv/dqtv",
        "alarms": [{"site": "baocaobang"}],
    }  # fmt: skip


@pytest.mark.parametrize("status", [500, 404, 429, 301])
def test_any_answer_but_success_is_said_without_the_address(web_server, letter, status):
    web_server.status = status
    with pytest.raises(NotSent, match=f"answered {status}.*thank you") as caught:
        post(hook(web_server), letter)
    assert "secret" not in str(caught.value)
    assert len(web_server.posts) == 1


def test_a_web_address_that_is_down_is_named_by_its_host(letter, closed_port):
    with pytest.raises(NotSent, match=f"127.0.0.1:{closed_port}") as caught:
        post(WebhookSettings(url=f"http://127.0.0.1:{closed_port}/key/secret"), letter)
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("impatient")
def test_a_web_address_that_does_not_answer_is_left_after_the_timeout(web_server, letter):
    web_server.silent = True
    with pytest.raises(NotSent, match="did not answer within"):
        post(hook(web_server), letter)


def test_a_web_address_with_a_bad_certificate_gets_nothing(web_server, context, letter):
    web_server.socket = context.wrap_socket(web_server.socket, server_side=True)
    with pytest.raises(NotSent, match="no encrypted connection"):
        post(hook(web_server, scheme="https"), letter)
    assert web_server.posts == []


@pytest.mark.usefixtures("trusted")
def test_a_notice_is_posted_over_tls(web_server, context, letter):
    web_server.socket = context.wrap_socket(web_server.socket, server_side=True)
    post(hook(web_server, scheme="https"), letter)
    assert len(web_server.posts) == 1


# -- file ---------------------------------------------------------------------------------------------


def test_each_notice_is_a_line_of_json_behind_the_others(tmp_path, letter):
    settings = FileSettings(path=tmp_path / "new" / "notices.jsonl")
    append(settings, letter)
    append(settings, letter)
    lines = settings.path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["subject"] for line in lines] == [letter.message.subject] * 2


def test_a_torn_line_spoils_only_itself(tmp_path, letter):
    path = tmp_path / "notices.jsonl"
    path.write_bytes(b'{"id": "dqtv-6')
    append(FileSettings(path=path), letter)
    torn, whole = path.read_text(encoding="utf-8").splitlines()
    assert torn == '{"id": "dqtv-6'
    assert json.loads(whole)["id"] == letter.id


def test_a_file_that_cannot_be_written_is_named(tmp_path, letter):
    with pytest.raises(NotSent, match=f"cannot write {tmp_path}: Is a directory"):
        append(FileSettings(path=tmp_path), letter)


def test_a_file_that_never_opens_holds_nothing_up(tmp_path, letter):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(NotSent):
        deliver(FileSettings(path=path), letter, seconds=0.3)
