"""Resource Manager under load."""

from contest import Contest, require
from measure import Request

CLIENTS = (1, 16)


class ManagementBench(Contest):
    SECTIONS = {"management": "resource manager"}

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
