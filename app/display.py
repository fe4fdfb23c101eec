"""Whether a window can open here, found out before Qt tries and aborts."""

import os
import sys
from collections.abc import Mapping


def missing_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """Return why no window can open, as a sentence without a full stop; empty if one can."""
    if not platform.startswith(("linux", "freebsd")):
        return ""
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return ""
    if environment.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal", "vnc", "linuxfb", "eglfs"):
        return ""
    return "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)"
