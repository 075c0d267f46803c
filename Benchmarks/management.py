"""Resource Manager under load, and what the ledger adds to its writes."""

import json
import os
import subprocess
from pathlib import Path

from contest import Contest, require
from measure import Failure, Request

CLIENTS = (1, 16)
# What the ledger may add to a write of Resource Manager.
LEDGER_TARGET_PERCENT = 10


class ManagementBench(Contest):
    SECTIONS = {"management": "resource manager", "ledger": "the ledger's cost"}

    def management(self):
        session = self.cloud.arm_session()
        authorization = f"Authorization: {session.headers['Authorization']}"
        body = self.directory / "body.json"
        body.write_text('{"location": "paris", "tags": {"purpose": "bench"}}')
        group = self.cloud.arm_url(f"/subscriptions/{self.cloud.subscription}/resourcegroups/bench-{{slot}}")
        first = group.replace("{slot}", "00")
        answer = require(session.put(first, data=body.read_bytes(), headers={"Content-Type": "application/json"}, timeout=30), 201)
        get = Request(first, len(answer.content), headers=(authorization,))
        put = Request(group, len(answer.content), "PUT", (authorization, "Content-Type: application/json"), body)
        for clients in CLIENTS:
            self.compete("ARM GET group", clients, {"cocagne": self.on(get)})
        for clients in CLIENTS:
            self.compete("ARM PUT group with tags", clients, {"cocagne": self.on(put)})

    def ledger(self):
        """The transaction of a write with the ledger's entry and without it, by as many tasks, on the same disk, beside the whole write over the network."""
        if not self.rows:
            self.management()
        for tasks in CLIENTS:
            write = next(row.median("rate") for row in reversed(self.rows) if row.discipline == "ARM PUT group with tags" and row.clients == tasks)
            rates = self.transactions(tasks)
            added = tasks / rates["with"] - tasks / rates["without"]
            percent = 100 * added / (tasks / write - added)
            self.remarks.append(
                f"The ledger, {tasks} clients: a write's transaction takes {1000 * tasks / rates['with']:.3f} ms with its entry and "
                f"{1000 * tasks / rates['without']:.3f} ms without, while entries get their places; of an ARM PUT of {1000 * tasks / write:.3f} ms that is "
                f"{percent:.1f} % (target: at most {LEDGER_TARGET_PERCENT} %). {rates['appends']:,.0f} entries a second are appended and get their places.")

    def transactions(self, tasks):
        program = Path(os.environ.get("LEDGER_RATE", Path(__file__).parent.parent / ".build/release/ledger-rate"))
        seconds = self.seconds * self.repetitions
        done = subprocess.run(
            [program, self.directory / f"ledger-{tasks}", str(tasks), str(seconds)], capture_output=True, text=True, timeout=10 * seconds + 60)
        if done.returncode != 0:
            raise Failure(f"{program}: {done.stderr}")
        return json.loads(done.stdout)
