#!/usr/bin/env bash
# After the estate is there: makes the pseudonym key, once. The value is made and kept by the vault's side of this line and never shown.
set -euo pipefail
: "${WSS_VAULT:?azd or the workflow sets it}"
count() { az keyvault secret list --vault-name "$WSS_VAULT" --query "length([?name=='pseudonym-key'])" --output tsv; }

# A role that was just assigned is known after some minutes.
for try in 1 2 3 4 5 6 7 8; do
  if there=$(count 2>/dev/null); then break; fi
  if [ "$try" = 8 ]; then
    echo "Whoever deploys may not see the secrets of $WSS_VAULT: an operator sets pseudonym-key (docs/deploy.md) before the app can start."
    exit 0
  fi
  sleep "${WSS_PAUSE:-30}"
done
if [ "$there" != 0 ]; then echo "pseudonym-key is there, and stays as it is."; exit 0; fi
# A deleted one still counts: another key would cut every study in two.
if [ "$(az keyvault secret list-deleted --vault-name "$WSS_VAULT" --query "length([?name=='pseudonym-key'])" --output tsv)" != 0 ]; then
  echo "pseudonym-key was deleted: recover it (az keyvault secret recover), do not make another." >&2
  exit 1
fi
key=$(mktemp); trap 'rm -f "$key"' EXIT
openssl rand -base64 32 | tr -d '\n' > "$key"
az keyvault secret set --vault-name "$WSS_VAULT" --name pseudonym-key --file "$key" --encoding utf-8 --output none
echo "pseudonym-key is made."
