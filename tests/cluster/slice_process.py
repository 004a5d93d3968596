"""One slice in a process of its own, as ``dqtv cluster crawl`` runs it, with short times and a press that has a delay.

Arguments: settings as JSON, then what the engine adds (site, --minutes N, --json ...).
"""

import json
import os
import sys
from pathlib import Path

import attrs

from scraper.cluster.child import end_with_parent
from scraper.cluster.crawl import Slice, run_slice
from scraper.sites import load

values = json.loads(sys.argv[1])
delay = values.pop("delay_s", 0.0)
without_lease = values.pop("without_lease", False)
if values.pop("ends_with_parent", False):
    end_with_parent(os.getppid())
with_addresses = load._with_addresses


def with_delay(table, demo_port):
    table = with_addresses(table, demo_port)
    return attrs.evolve(table, values=table.values | {"delay_s": delay})


load._with_addresses = with_delay
if without_lease:  # what the fault tests must go red with
    from archive.cluster.leases import Leases
    from archive.cluster.postgres_lease import PostgresLease

    take = Leases.take

    def take_anyway(self, site, holder, ttl):
        with self._connected() as connection:
            connection.execute("UPDATE dqtv_leases SET holder = NULL WHERE site = %s", (site,))
        return take(self, site, holder, ttl)

    Leases.take = take_anyway
    PostgresLease.may_ask = lambda *_: True
    PostgresLease.renew = lambda *_: True

arguments = sys.argv[2:]
minutes = float(arguments[arguments.index("--minutes") + 1])
end = run_slice(
    Slice(**values | {"site": arguments[0], "minutes": minutes, "spool": Path(values["spool"])})
)
sys.stdout.buffer.write(end.to_json())
