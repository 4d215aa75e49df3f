#!/usr/bin/env bash
# After the estate is there: makes the pseudonym key, once, and has the app read its secrets. The value is made and kept by the vault's side of this line and
# never shown.
set -euo pipefail
cd "$(dirname "$0")"
: "${WSS_VAULT:?azd or the workflow sets it}"
count() { az keyvault secret list --vault-name "$WSS_VAULT" --query "length([?name=='pseudonym-key'])" --output tsv; }

# A role that was just assigned is known after some minutes. An identity of a workflow never gets one here (WSS_OPERATORS is a group of people): what counts
# is whether the app can read the key.
tries=8; [ -z "${GITHUB_ACTIONS:-}" ] || tries=1
for try in $(seq 1 "$tries"); do
  if there=$(count 2>/dev/null); then break; fi
  if [ "$try" = "$tries" ]; then
    echo "Whoever deploys may not see the secrets of $WSS_VAULT: where pseudonym-key is missing, an operator makes it (docs/deploy.md), and deploys again."
    exec ./refresh-secrets.sh
  fi
  sleep "${WSS_PAUSE:-30}"
done
if [ "$there" != 0 ]; then echo "pseudonym-key is there, and stays as it is."; exec ./refresh-secrets.sh; fi
# A deleted one still counts: another key would cut every study in two.
if [ "$(az keyvault secret list-deleted --vault-name "$WSS_VAULT" --query "length([?name=='pseudonym-key'])" --output tsv)" != 0 ]; then
  echo "pseudonym-key was deleted: recover it (az keyvault secret recover), do not make another." >&2
  exit 1
fi
key=$(mktemp); trap 'rm -f "$key"' EXIT
openssl rand -base64 32 | tr -d '\n' > "$key"
az keyvault secret set --vault-name "$WSS_VAULT" --name pseudonym-key --file "$key" --encoding utf-8 --output none
echo "pseudonym-key is made."
rm -f "$key"
./refresh-secrets.sh
