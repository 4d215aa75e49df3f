#!/usr/bin/env bash
# Makes the links for one file of one pollster: one to drop it once, two to read its report. See docs/pollsters.md.
#   pollster-link.sh SUPPLIER FILE [DAYS, at most 7] [ADDRESS or range the pollster sends from]
# Needs WSS_DATA_ACCOUNT, `az login` as an operator, and nothing else: no key of the account, which has none in use.
set -euo pipefail
: "${WSS_DATA_ACCOUNT:?the data account, as azd env get-value WSS_DATA_ACCOUNT says it}"
supplier="${1:?the name of supplier}" file="${2:?the name of the file}" days="${3:-7}" from="${4:-}"
[[ "$supplier" =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]] ||
  { echo "A supplier's name is lower-case letters, digits and hyphens." >&2; exit 2; }
[[ "$supplier" != register && "$supplier" != poll-drop-register ]] || { echo "No pollster can be called $supplier." >&2; exit 2; }
[[ "$file" =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$ && "$file" != *..* ]] ||
  { echo "A file's name is letters, digits, dots, hyphens and underscores." >&2; exit 2; }
[[ "$days" =~ ^[1-7]$ ]] || { echo "A link lasts 1 to 7 days: longer ones Azure does not sign." >&2; exit 2; }
# The account refuses links without a start, and those of over seven days from it (sasPolicy). Clocks differ: a start some minutes ago.
start=$(date --utc --date "-5 minutes" +%Y-%m-%dT%H:%MZ)
until=$(date --utc --date "$start +$days days" +%Y-%m-%dT%H:%MZ)

link() { # container, blob, permissions: for this one blob, by HTTPS, signed as the operator who is logged in
  az storage blob generate-sas --account-name "$WSS_DATA_ACCOUNT" --container-name "$1" --name "$2" --permissions "$3" --start "$start" --expiry "$until" \
    --https-only --as-user --auth-mode login --full-uri ${from:+--ip "$from"} --output tsv
}

# Create, not write: once something lies there, the link can neither change nor read it.
echo "Drop $file until $until:"
link poll-drop "$supplier/$file" c
echo "Its report, some moments later:"
link poll-reports "$supplier/$file.report.json" r
link poll-reports "$supplier/$file.report.csv" r
