"""`pagecard` and `python -m app`: the command line, without a traceback where Ctrl-C comes while it loads."""

import signal


def main() -> None:
    """Load the command line with Ctrl-C ending the process at once, then run it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run(prog_name="pagecard")


if __name__ == "__main__":
    main()
