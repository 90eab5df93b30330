"""Serve dashboards with Voila: a folder of notebooks, no address outside, kernels that end with their page.

    python -m workbench.panels [notebooks/dashboards] [--port=8866] [--no-browser] …

What differs from plain `voila`: a template without links to a content network; only the widget extensions load; a
kernel is heated in advance; leaving a page ends its kernel (Voila's own way is refused for want of a token,
voila-dashboards/voila#1458), and a kernel whose page vanished without a word is culled. It does not know what the
dashboards show.

>>> main(["notebooks/dashboards", "--no-browser"])                       # doctest: +SKIP
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado.web import HTTPError
from traitlets.config import Config
from voila.app import Voila  # type: ignore[import-untyped]
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler  # type: ignore[import-untyped]

SHARE = Path(__file__).parent / "share"
DASHBOARDS = "notebooks/dashboards"
WIDGETS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
CULL_AFTER_S = 600
CULL_EVERY_S = 60


class EndKernel(VoilaShutdownKernelHandler):  # type: ignore[misc]
    """Ends the kernel that a leaving page names.

    A page that is being closed can send a beacon and nothing else, and a beacon carries no token. The request is
    accepted when it comes from a page of this very server; the kernel's id is a secret of 128 bits besides.
    """

    def check_xsrf_cookie(self) -> None:
        origin = urlsplit(self.request.headers.get("Origin", ""))
        if origin.netloc != self.request.host:
            raise HTTPError(403, "Only a page of this server may end its kernel.")

    async def post(self, kernel_id: str) -> None:
        if kernel_id not in self.kernel_manager:  # the page said goodbye twice
            self.set_status(204)
            return
        await super().post(kernel_id)


class Dashboards(Voila):  # type: ignore[misc]
    """Voila with our handler in the place of its own."""

    def init_handlers(self) -> list[Any]:
        return [_ending(rule) for rule in super().init_handlers()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted.

    Args:
        arguments: Voila's own; without a path, the dashboards of the working folder are served.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if all(argument.startswith("-") for argument in given):
        given.append(DASHBOARDS)
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(SHARE), os.environ.get("JUPYTER_PATH")]))
    Dashboards.launch_instance(given, config=_config())


def _config() -> Config:
    """What the command line may still outrank."""
    config = Config()
    config.Voila.ip = "127.0.0.1"
    config.VoilaConfiguration.template = "workbench"
    config.VoilaConfiguration.extension_allowlist = WIDGETS
    config.VoilaConfiguration.preheat_kernel = True
    config.MappingKernelManager.cull_idle_timeout = CULL_AFTER_S
    config.MappingKernelManager.cull_interval = CULL_EVERY_S
    return config


def _ending(rule: Any) -> Any:
    return (rule[0], EndKernel, *rule[2:]) if rule[1] is VoilaShutdownKernelHandler else rule
