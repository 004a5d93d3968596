"""Files over SFTP, on servers only whose host key the user has accepted.

fsspec's own takes whatever key an unknown server shows, and reads no file of known ones; nor does it connect again.
Loaded for such a hub alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import paramiko
from fsspec.implementations.sftp import SFTPFileSystem
from paramiko.config import SSH_PORT

from archive.errors import HubUnreachable


class KnownServer(SFTPFileSystem):  # type: ignore[misc]  # fsspec is not typed
    """The files of a server. Raises HubUnreachable unless its host key is the one in ``~/.ssh/known_hosts``."""

    @classmethod
    def at(cls, url: str, **options: object) -> tuple[KnownServer, str]:
        """The server that *url* names, and the path there; *options* are fsspec's."""
        return cls(**cls._get_kwargs_from_urls(url), **options), cls._strip_protocol(url)

    def _connect(self) -> None:
        # ssh writes names of hosts in small letters, and paramiko compares letter by letter
        host = self.host.lower()
        login = _Login(
            host=host,
            port=self.ssh_kwargs.get("port", SSH_PORT),
            user=self.ssh_kwargs.get("username"),
        )
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        self.client.set_missing_host_key_policy(login)
        with ExitStack() as undo:
            undo.callback(self.client.close)
            try:
                self.client.connect(host, **self.ssh_kwargs)
            except paramiko.BadHostKeyException as error:
                raise login.changed(error) from error
            self._session = self.client.open_sftp()
            undo.pop_all()

    @property
    def ftp(self) -> paramiko.SFTPClient:
        """The session that fsspec works through; made anew where the connection was lost."""
        transport = self.client.get_transport()
        if transport is None or not transport.is_active():
            self._connect()
        return self._session


@attrs.frozen(kw_only=True)
class _Login(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko is not typed
    """Where a connection goes, as ssh and its file of known hosts write it; what to say when the key is not known."""

    host: str
    port: int
    user: str | None

    @property
    def name(self) -> str:
        return self.host if self.port == SSH_PORT else f"[{self.host}]:{self.port}"

    @property
    def _command(self) -> str:
        port = "" if self.port == SSH_PORT else f"-p {self.port} "
        return f"ssh {port}{self.user}@{self.host}" if self.user else f"ssh {port}{self.host}"

    def missing_host_key(self, client: object, hostname: str, key: Any) -> None:  # noqa: ANN401, ARG002 - paramiko's own
        """Refuse a server that is not in the file."""
        raise HubUnreachable(
            f"the host key of {self.name} is not in {_file()}, so nothing was sent there. Connect once by"
            f" `{self._command}` as the user that runs dqtv, compare the key it shows ({_fingerprint(key)}) with the"
            f" server's own and accept it; or add the key to that file, under the name {self.name}"
        )

    def changed(self, error: paramiko.BadHostKeyException) -> HubUnreachable:
        """What to raise for a server whose key is not the one in the file."""
        return HubUnreachable(
            f"{self.name} shows another host key ({_fingerprint(error.key)}) than the one in {_file()}"
            f" ({_fingerprint(error.expected_key)}): it was set up anew, or somebody stands between; nothing was sent"
            f" there. Ask whoever runs it. If the new key is the server's own, forget the old one by"
            f" `ssh-keygen -R '{self.name}'`, then connect once by `{self._command}` and accept it"
        )


def _file() -> Path:
    return Path("~/.ssh/known_hosts").expanduser()


def _fingerprint(key: Any) -> str:  # noqa: ANN401 - paramiko is not typed
    return f"{key.get_name()} {key.fingerprint}"
