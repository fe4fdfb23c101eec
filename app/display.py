"""Whether a window can open here, found out before Qt tries and aborts the program."""

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

_NEEDS_NO_DISPLAY: Final = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
_LIBRARIES: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}
_X11_LIBRARIES: Final = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt loads on Linux, and the Debian package that has it. Qt's own message names only the first of them."""


def missing_display(
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    *,
    can_load: Callable[[str], bool] | None = None,
    can_connect: Callable[[str], bool] | None = None,
) -> str:
    """Return why no window can open, as a sentence without a full stop; empty if one can."""
    if not platform.startswith(("linux", "freebsd")):
        return ""
    is_loadable = can_load or _can_load
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if chosen in _NEEDS_NO_DISPLAY:
        return _missing_libraries(_LIBRARIES, is_loadable)
    if environment.get("WAYLAND_DISPLAY") and chosen != "xcb":
        return _missing_libraries(_LIBRARIES, is_loadable)
    display = environment.get("DISPLAY", "")
    if not display:
        return "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    missing = _missing_libraries({**_LIBRARIES, **_X11_LIBRARIES}, is_loadable)
    if missing:
        return missing
    if not (can_connect or _can_connect)(display):
        return f"no X server answers at DISPLAY={display} (is it running, and may this user connect to it?)"
    return ""


def _missing_libraries(libraries: Mapping[str, str], can_load: Callable[[str], bool]) -> str:
    packages = [package for library, package in libraries.items() if not can_load(library)]
    if not packages:
        return ""
    return f"system libraries are missing (on Debian and Ubuntu: sudo apt-get install {' '.join(packages)})"


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _can_connect(display: str) -> bool:
    """Whether an X server takes a connection; True where that cannot be found out."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    is_good = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return bool(is_good)
