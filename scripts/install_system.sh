#!/bin/sh
# Install what the tests need from Debian's packages: a browser, a PostgreSQL server that they start themselves, and a
# compiler for llama-cpp-python.
set -eu
missing=""
command -v chromium >/dev/null && command -v chromedriver >/dev/null || missing="chromium chromium-driver"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v c++ >/dev/null || missing="$missing g++"
[ -z "$missing" ] && exit 0
run=""
[ "$(id -u)" = 0 ] || run="sudo"
$run apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
