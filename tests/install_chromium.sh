#!/bin/sh
# Debian's Chromium for the browser tests; fails with what to do where it can't be had.
set -eu
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null && exit 0
fi
echo "make test needs Chromium: install Debian's package (apt-get install chromium) or set CHROMIUM to a browser's path" >&2
exit 1
