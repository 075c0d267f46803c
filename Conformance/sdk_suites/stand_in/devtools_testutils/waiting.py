"""How long tests wait for a service to settle what they did.

The suites wait for Azure: ten seconds after each test of tables, three quarters of a minute after each change of a service's properties. Here a change holds
when it is answered. Where nothing depends on time itself (as leases and hidden messages do), the runner bounds the waits.
"""

import os
import time

BOUND = "COCAGNE_SUITE_LONGEST_WAIT_SECONDS"


def apply():
    if BOUND not in os.environ:
        return
    bound, sleep = float(os.environ[BOUND]), time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, bound))
