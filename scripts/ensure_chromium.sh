#!/bin/sh
# Makes sure that the browser tests have a Chromium; installs Debian's where that is possible.
set -eu

find_chromium() {
    for name in "${BEACON_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && command -v "$name"; then
            return 0
        fi
    done
    return 1
}

if ! find_chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "chromium: not found; installing it with apt-get"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium
fi
if ! browser=$(find_chromium); then
    echo "chromium: the browser tests need it. Install chromium (Debian, Ubuntu:" >&2
    echo "  sudo apt-get install chromium), or set BEACON_CHROMIUM to its program." >&2
    exit 1
fi
echo "chromium: $browser ($("$browser" --version 2>/dev/null))"
