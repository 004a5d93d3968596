"""A cluster in the middle of its work and with some things wrong, for tests of how it is shown."""

from datetime import UTC, datetime

from archive.cluster import picture

PICTURE = picture.Picture(
    read_at=datetime.now(UTC),
    jobs={"todo": 2, "doing": 2, "succeeded": 1412, "failed": 1},
    readings={"todo": 6, "doing": 3, "succeeded": 11},
    sites=(
        picture.SiteJobs(site="songmay", waiting=0, running=1, failed=0, attempts=1, since_s=640),
        picture.SiteJobs(site="nuingan", waiting=1, running=1, failed=0, attempts=0, since_s=35),
        picture.SiteJobs(site="culao", waiting=1, running=0, failed=1, attempts=3, since_s=7_900),
    ),
    leases=(
        picture.Held(
            site="nuingan", token=41, holder="may-2 812 55", acked=3, is_held=True, left_s=51, age_s=1_290, asked_s=4,
        ),
        picture.Held(
            site="songmay", token=1007, holder="may-1 4410 9", acked=0, is_held=False, left_s=-130, age_s=600, asked_s=None,
        ),
        picture.Held(site="bienxanh", token=7, holder=None, acked=2, is_held=False, left_s=-9_000, age_s=9_600, asked_s=9_010),
    ),
    workers=(
        picture.Worker(
            name="may-1 4401 7", host="may-1", slots=10, software="dqtv-archive 0.1.0", state="working", clock_off_s=0.1, seen_s=310,
        ),
        picture.Worker(
            name="may-2 801 50", host="may-2", slots=10, software="dqtv-archive 0.1.0", state="working", clock_off_s=604.0, seen_s=3,
        ),
        picture.Worker(
            name="may-3 77 4", host="may-3", slots=20, software="dqtv-archive 0.1.0", state="draining", clock_off_s=-12.4, seen_s=8,
        ),
    ),
    troubles=(
        picture.Trouble(
            site="nuingan", kind="hub_away", detail="cannot write s3://dqtv-hub/inbox/nuingan/41/4/rows.jsonl.gz: timed out",
            holder="may-2 812 55", seen_s=95,
        ),
    ),
    draining_s=None,
)  # fmt: skip
INBOX = picture.Inbox(
    name="s3://dqtv-hub",
    waiting=3,
    bytes=36_512_000,
    oldest_s=5_400,
    incomplete=("songmay/1007/1",),
    tokens={"songmay": 1007},
    refused_number=2,
    refused=(
        picture.Refused(place="songmay/1006/2", site="songmay", reason="its token is older than 1007", age_s=580),
        picture.Refused(place="culao/12/1", site="culao", reason=None, age_s=90_000),
    ),
)  # fmt: skip


def show() -> None:
    """Let the desk of this process see this cluster, whatever is set."""
    from archive.desk import cluster_look  # noqa: PLC0415 - only who calls it wants it

    cluster_look.read_database = lambda _: PICTURE
    cluster_look.read_inbox = lambda _: INBOX
