"""What a process must do that a test interrupts: heed Ctrl-C, also where whoever runs the tests does not."""

from __future__ import annotations

import signal


def heeds_ctrl_c() -> None:
    """For `preexec_fn`: behind nohup a child inherits that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
