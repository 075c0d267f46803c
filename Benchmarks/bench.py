"""The cloud beside nginx, SeaweedFS, OpenBao, the bare disk and machines started by hand, on this machine, in turns: a run of the one, a run of the other, and again.

`make bench` runs it; COCAGNE names another build. Everything happens in a directory of its own, which is removed at the end.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from machines import MachineBench  # noqa: E402
from management import ManagementBench  # noqa: E402
from measure import Failure, run  # noqa: E402
from storage import StorageBench  # noqa: E402
from vault import VaultBench  # noqa: E402

BENCHES = {"storage": StorageBench, "management": ManagementBench, "vault": VaultBench, "machines": MachineBench}
MEMORY_FILESYSTEMS = ("tmpfs", "ramfs")


def choice(options):
    """The benches, each with the sections that are to be run."""
    for name, bench in BENCHES.items():
        sections = [section for section in bench.SECTIONS if options.only in (None, name, section)]
        if bench is MachineBench and os.geteuid() != 0 and options.only is None:
            print("Machines are left out: they take root on the host.", file=sys.stderr)
        elif sections:
            yield bench, sections


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short runs, and few of machines: to see that it works")
    names = [*BENCHES, *(section for bench in BENCHES.values() for section in bench.SECTIONS)]
    parser.add_argument("--only", choices=list(dict.fromkeys(names)), help="one bench, or one section")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--directory", default="/var/tmp", help="where the temporary directory is made: on a disk")
    options = parser.parse_args()
    # An end from outside cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="cocagne-bench-", dir=options.directory))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        if (kind := run("df", "--output=fstype", directory).split()[1]) in MEMORY_FILESYSTEMS:
            raise Failure(f"{directory} is in memory ({kind}): name a directory on a disk with --directory")
        for chosen, sections in choice(options):
            with ExitStack() as of_bench:
                bench = chosen(directory, options, of_bench)
                try:
                    for section in sections:
                        bench.section(section)
                finally:
                    # What was measured before a failure stays known.
                    print("\n".join(bench.report(options.markdown)), end="\n\n", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Failure, AssertionError) as error:
        sys.exit(f"bench: {error}")
