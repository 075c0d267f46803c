"""Resource Manager under load, and what the ledger adds to its writes."""

import json
import os
from pathlib import Path

from contest import Contest, require
from measure import Request, run

CLIENTS = (1, 16)
# What the ledger may add to a write of Resource Manager.
LEDGER_TARGET_PERCENT = 10
# A long ledger: its entries, the milliseconds of a receipt, and the least ratio of the rates of its last tenth and its first.
ENTRIES, QUICK_ENTRIES, RECEIPT_TARGET_MILLISECONDS, FLAT_TARGET = 1_000_000, 20_000, 5, 0.8


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

        entries = QUICK_ENTRIES if self.quick else ENTRIES
        long = self.ledger_rate("growth", self.directory / "growth", entries, timeout=60 + entries // 500)
        flat = "met" if long["last"] >= FLAT_TARGET * long["first"] else "MISSED"
        fast = "met" if long["slowReceipt"] < RECEIPT_TARGET_MILLISECONDS else "MISSED"
        self.remarks.append(
            f"A ledger of {entries:,} entries: {long['first']:,.0f} entries a second get their places in its first tenth and {long['last']:,.0f} in its last "
            f"({flat}: the cost stays flat). A receipt takes {long['receipt']:.2f} ms, the slowest of a hundred {long['slowReceipt']:.2f} ms (target: under "
            f"{RECEIPT_TARGET_MILLISECONDS} ms, {fast}). To open it takes {long['opening']:.1f} ms: a start reads no entry again.")

    def transactions(self, tasks):
        seconds = self.seconds * self.repetitions
        return self.ledger_rate(self.directory / f"ledger-{tasks}", tasks, seconds, timeout=10 * seconds + 60)

    @staticmethod
    def ledger_rate(*arguments, timeout):
        program = Path(os.environ.get("LEDGER_RATE", Path(__file__).parent.parent / ".build/release/ledger-rate"))
        return json.loads(run(program, *arguments, timeout=timeout))
