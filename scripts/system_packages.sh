#!/bin/sh
# Install the system libraries that the Python packages need and that are missing; Debian and Ubuntu only.
# Elsewhere, or without the right to install, it says what may be missing and goes on: a headless run needs none of them.
set -u

command -v dpkg-query >/dev/null 2>&1 || exit 0

# venv: pip in a virtual environment; xvfb and xauth: a display for the test that walks through the window; the others: Qt
# offscreen and on X11, and a font for its labels.
wanted="python3-venv libglib2.0-0 libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1 fonts-dejavu-core
libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0 xvfb xauth"

missing=""
for package in $wanted; do
    # Ubuntu 24.04 and Debian 13 call the 64-bit-time build of a library NAMEt64.
    installed=$(dpkg-query --show --showformat='${db:Status-Status}\n' "$package" "${package}t64" 2>/dev/null)
    case "$installed" in
        *installed*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "these system packages are missing, and installing them needs root:$missing" >&2
    echo "(only the desktop needs them; to install: sudo apt-get install$missing)" >&2
    exit 0
fi

echo "installing system packages:$missing" >&2
$as_root apt-get update -qq || true
# One by one: a name that this release does not have must not keep the others away.
for package in $missing; do
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${package}t64" >/dev/null 2>&1 ||
        echo "could not install $package; if the desktop does not open, install it by hand" >&2
done
