"""Let systemd or cron call ``dqtv run-due``: unit files, or one line of a crontab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import DqtvError, UsageError, unwritable
from archive.notices.settings import HANDED_ON, NOTICES_FILE, SECRETS
from scraper.settings import CONTACT_SETTING
from scraper.sites.known import SITES_VARIABLE, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIT: Final = "dqtv-run-due"
_SYSTEM_FOLDER: Final = Path("/etc/systemd/system")
#: Settings handed on to the service when they are set where it is installed.
_HANDED_ON: Final = ("DQTV_OPERATOR", "DQTV_MIN_FREE_MB", "DQTV_DEMO_PORT")
#: Of the settings handed on, files: the service runs in another folder.
_PATHS: Final = frozenset({NOTICES_FILE, *SECRETS.values()})

_SERVICE: Final = """\
# Written by `dqtv schedule install`.
[Unit]
Description=DQTV Archive: crawl what is due
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={command}
{environment}# A crawl may take hours; it ends cleanly when it is asked to.
TimeoutStartSec=infinity
TimeoutStopSec=180
KillMode=mixed
Nice=10
UMask=0027
NoNewPrivileges=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
{hardening}"""
#: Only the system's own systemd may always set these up.
_SYSTEM_HARDENING: Final = """\
User={user}
ProtectSystem=strict
ReadWritePaths={writable}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
CapabilityBoundingSet=
AmbientCapabilities=
"""
_TIMER: Final = """\
# Written by `dqtv schedule install`.
[Unit]
Description=DQTV Archive: look for what is due every {minutes} minutes

[Timer]
OnCalendar=*:0/{minutes}
RandomizedDelaySec=30
# After downtime, look at once.
Persistent=true

[Install]
WantedBy=timers.target
"""


@attrs.frozen(kw_only=True)
class Installation:
    """What is to be called, by whom, how often."""

    root: Path
    contact: str | None
    #: Units of the user's own systemd.
    user: bool = False
    #: User the system's service runs as; None for the archive's owner.
    run_as: str | None = None
    minutes: int = 10
    publish: bool = False
    #: Where unit files go; None for the usual place.
    folder: str | None = None


def install(wanted: Installation, *, cron: bool) -> list[str]:
    """Write the units, or the line of the crontab; what was done and what is left to do, line by line.

    Raises ArchiveUnwritable, UsageError for a user that is none, DqtvError where there is no crontab.
    """
    done = _install_cron(wanted) if cron else _install_units(wanted)
    return [*done, *_secrets_left_out()]


def _secrets_left_out() -> Iterator[str]:
    for name, file in SECRETS.items():
        if os.environ.get(name) and not os.environ.get(file):
            yield (
                f"{name} is not handed on, since others may read what is written here: put it into a file that"
                f" only the service's user may read, name it in {file}, and install again"
            )


def units(wanted: Installation) -> dict[str, str]:
    """File name -> text of the service and its timer."""
    hardening = "" if wanted.user else _SYSTEM_HARDENING.format(
        user=wanted.run_as or _owner(wanted.root), writable=" ".join(_writable(wanted.root))
    )  # fmt: skip
    service = _SERVICE.format(
        command=" ".join(_quoted(word).replace("$", "$$") for word in _command(wanted)),
        environment="".join(
            f"Environment={_quoted(f'{name}={value}')}\n" for name, value in _environment(wanted)
        ),
        hardening=hardening,
    )
    return {
        f"{UNIT}.service": service,
        f"{UNIT}.timer": _TIMER.format(minutes=wanted.minutes),
    }


def _install_units(wanted: Installation) -> list[str]:
    folder = Path(wanted.folder) if wanted.folder else _usual_folder(user=wanted.user)
    done = []
    for name, text in units(wanted).items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            if wanted.folder or wanted.user:
                raise unwritable(path, error) from error
            raise UsageError(
                f"cannot write {path}: {error.strerror}; run this as root, or give --user or --to DIR"
            ) from error
        done.append(f"wrote {path}")
    systemctl = "systemctl --user" if wanted.user else "systemctl"
    done.append("now run:")
    done += [f"  {systemctl} daemon-reload", f"  {systemctl} enable --now {UNIT}.timer"]
    if wanted.user:
        done.append("  loginctl enable-linger    # so that it runs while you are logged out")
    if wanted.contact is None:
        done.append(f"no contact is set: give --contact or {CONTACT_SETTING}, and install again")
    return done


def _usual_folder(*, user: bool) -> Path:
    if not user:
        return _SYSTEM_FOLDER
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "systemd" / "user"


def _install_cron(wanted: Installation) -> list[str]:
    words = " ".join(
        [*(f"{name}={_shell(value)}" for name, value in _environment(wanted)),
         *map(_shell, _command(wanted))]
    )  # fmt: skip
    # cron takes a bare % for the end of the line
    mark = f"# dqtv {wanted.root}"
    line = f"*/{wanted.minutes} * * * * {words.replace('%', chr(92) + '%')} {mark}"
    crontab = shutil.which("crontab")
    if crontab is None:
        raise DqtvError(
            f"there is no crontab on this machine; give your scheduler this line:\n{line}"
        )
    before = subprocess.run([crontab, "-l"], capture_output=True, text=True, check=False)  # noqa: S603 - found on the path
    kept = [x for x in before.stdout.splitlines() if not x.endswith(mark)]
    text = "\n".join([*kept, line, ""])
    ended = subprocess.run([crontab, "-"], input=text, capture_output=True, text=True, check=False)  # noqa: S603 - found on the path
    if ended.returncode:
        raise DqtvError(f"crontab refused the line ({ended.stderr.strip()}):\n{line}")
    return ["wrote into your crontab (`crontab -l` shows it):", line]


def _command(wanted: Installation) -> list[str]:
    """The program as this process was started, so that it is found without a PATH."""
    started = Path(sys.argv[0]).absolute()
    program = [str(started)] if started.name == "dqtv" else [sys.executable, "-m", "scraper"]
    publish = ["--publish"] if wanted.publish else []
    return [*program, "run-due", *publish, "--archive", str(wanted.root)]


def _environment(wanted: Installation) -> Iterator[tuple[str, str]]:
    if wanted.contact is not None:
        yield CONTACT_SETTING, wanted.contact
    if (folder := own_folder()) is not None:
        yield SITES_VARIABLE, str(folder.absolute())
    for name in (*_HANDED_ON, *HANDED_ON):
        if value := os.environ.get(name):
            yield name, str(Path(value).absolute()) if name in _PATHS else value


def _writable(root: Path) -> Iterator[str]:
    """Folders the service writes into, as a unit file takes them."""
    yield _quoted(str(root))
    if file := os.environ.get(NOTICES_FILE):
        folder = Path(file).absolute().parent
        if not folder.is_relative_to(root):
            # "-": a service whose folder is missing would not start
            yield _quoted(f"-{folder}")


def _owner(root: Path) -> str:
    place = next((x for x in (root, *root.parents) if x.exists()), root)
    try:
        return place.owner()
    except KeyError as error:
        raise UsageError(f"{place} belongs to no user of this machine; give --run-as") from error


def _quoted(text: str) -> str:
    """One word of a unit file, see systemd.service(5): quotes, no specifiers."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"' if any(letter in text for letter in " \t\"'\\;") else plain


def _shell(text: str) -> str:
    safe = all(letter.isalnum() or letter in "/._-+:@=%" for letter in text) and text
    return text if safe else "'" + text.replace("'", "'\\''") + "'"
