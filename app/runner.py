"""The process that works jobs off beside `pagecard serve`: `python -m app.runner PLACE LOCK PARENT`.

`LOCK` is the file descriptor of the place's lock, held already; `PARENT` the process that this one ends with,
which hands its settings over on standard input.
"""

from __future__ import annotations

import os
import pickle
import sys

from app.jobs.local import NICENESS, READERS, die_with, run_in_place
from app.logs import configure_logs
from app.services import Services
from app.settings import Settings


def main(place: int, lock: int, parent: int) -> None:
    die_with(parent)
    os.set_inheritable(lock, False)
    os.nice(NICENESS)
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent wrote it)
    configure_logs(settings.log_level)
    services = Services.open(settings, readers=READERS)
    with os.fdopen(lock, "r+") as held:
        run_in_place(services.job_tools(), place, held)
    services.close()
    os._exit(0)  # what is still being fetched is given up


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
