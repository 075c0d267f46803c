"""Histories of what many clients did to one thing at a time, and whether one order of the operations explains all of them.

A history is linearizable when each operation can be given a moment between its call and its answer so that, one after the other, they do what the
clients saw. Operations that were never answered may have happened at any moment after their call, or not at all.
Source: Wing and Gong, "Testing and Verifying Concurrent Objects", with the memory of states of Lowe, "Testing for Linearizability".
"""

import itertools
from dataclasses import dataclass, field

ABSENT = None
NEVER = float("inf")


@dataclass
class Operation:
    """One call of a client on a register: `read`, `write`, `remove`, or `replace` (a write that is to happen only to one value)."""

    kind: str
    called: float
    answered: float = NEVER
    # What a write stores, what a read saw.
    value: object = ABSENT
    # What a `replace` demands to find.
    expected: object = ABSENT
    # Whether it took effect; None where no answer came.
    took_effect: object = None
    client: int = 0

    @property
    def is_answered(self):
        return self.took_effect is not None

    def step(self, state):
        """Whether the operation may happen to this state with this outcome, and the state after it."""
        if self.kind == "read":
            return (not self.is_answered or state == self.value), state
        if self.kind == "write":
            return self.took_effect is not False, self.value
        if self.kind == "remove":
            if not self.is_answered:
                return True, ABSENT
            return self.took_effect == (state is not ABSENT), ABSENT
        if self.kind == "replace":
            holds = state == self.expected
            if self.is_answered and self.took_effect != holds:
                return False, state
            return True, self.value if holds else state
        raise ValueError(self.kind)


@dataclass
class Verdict:
    is_linearizable: bool
    # The longest order that explains a beginning of the history.
    explained: list = field(default_factory=list)
    # What none of the orders could place next.
    stuck: list = field(default_factory=list)

    def __str__(self):
        if self.is_linearizable:
            return "linearizable"
        lines = ["No order explains the history. The longest beginning that one explains:"]
        lines += [f"  {operation}" for operation in self.explained[-12:]]
        lines += ["and then none of:"] + [f"  {operation}" for operation in self.stuck[:12]]
        return "\n".join(lines)


def check(operations, initial=ABSENT):
    """The verdict on one register's history."""
    operations = sorted((o for o in operations if o.is_answered or o.kind != "read"), key=lambda operation: operation.called)
    count = len(operations)
    must = sum(1 << index for index, operation in enumerate(operations) if operation.is_answered)
    seen = set()
    best = []
    # Each frame: the operations that happened, the state, and what may happen next.
    stack = [(0, initial, iter(_next(operations, 0, count)))]
    order = []
    while stack:
        happened, state, candidates = stack[-1]
        if happened & must == must:
            return Verdict(True, [operations[index] for index in order])
        for index in candidates:
            possible, after = operations[index].step(state)
            key = (happened | 1 << index, after)
            if not possible or key in seen:
                continue
            seen.add(key)
            order.append(index)
            stack.append((key[0], after, iter(_next(operations, key[0], count))))
            break
        else:
            if len(order) > len(best):
                best = list(order)
            stack.pop()
            if order:
                order.pop()
    done = set(best)
    return Verdict(False, [operations[index] for index in best], [o for index, o in enumerate(operations) if index not in done and o.is_answered])


def _next(operations, happened, count):
    """The operations that were called before every other one that has not happened yet was answered."""
    earliest = NEVER
    chosen = []
    for index in range(count):
        if happened >> index & 1:
            continue
        operation = operations[index]
        if operation.called > earliest:
            break
        chosen.append(index)
        earliest = min(earliest, operation.answered)
    # Those that were answered first: an operation without an answer explains little.
    return sorted(chosen, key=lambda index: operations[index].answered)


def check_queue(puts, deliveries, removals, remaining):
    """What is wrong with the history of a queue that delivers each message at least once; empty when nothing is.

    `puts` and `removals` map a message to (called, answered or NEVER); `deliveries` are (message, called, answered, hidden seconds);
    `remaining` are the messages that are there at the end.
    """
    wrong = []
    remaining = set(remaining)
    for message, (_, answered) in puts.items():
        if answered == NEVER:
            continue
        if message not in remaining and message not in removals:
            wrong.append(f"{message} was acknowledged and is lost")
    for message in remaining:
        if message not in puts:
            wrong.append(f"{message} was never put")
        if message in removals and removals[message][1] != NEVER:
            wrong.append(f"{message} was removed and is there")
    by_message = {}
    for message, called, answered, hidden in deliveries:
        by_message.setdefault(message, []).append((called, answered, hidden))
        if message in removals and removals[message][1] < called:
            wrong.append(f"{message} was delivered after its removal was acknowledged")
    for message, times in by_message.items():
        for (first, _, hidden), (_, second, _) in itertools.pairwise(sorted(times)):
            # The second answer came before the first one's time of hiding can have ended.
            if second < first + hidden:
                wrong.append(f"{message} was delivered twice within {hidden} s")
    return wrong
