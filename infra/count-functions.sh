#!/usr/bin/env bash
# How many functions the source has: what must be published, and what Azure must list.
set -euo pipefail
grep --recursive --no-filename --include='*.cs' --count '\[Function(nameof(' "$(dirname "$0")/../src/WholeSchoolSend.Functions/Triggers" | awk '{ all += $1 } END { print all }'
