#!/bin/sh
# Try your receiver: post-event.sh URL SECRET < event.example.json
# Signs what comes on standard input as the watcher does, posts it, and prints the status. For secrets of tests: openssl
# takes the key as an argument, which everybody on a machine can read. Needs curl and openssl.
set -eu
url=$1 secret=$2
body=$(mktemp)
trap 'rm -f "$body"' EXIT
cat > "$body"

id=${WEBHOOK_ID:-test_$(date +%s)}
timestamp=${WEBHOOK_TIMESTAMP:-$(date +%s)}
key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$timestamp"; cat "$body"; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}\n' \
  --header 'content-type: application/cloudevents+json; charset=utf-8' --header "webhook-id: $id" \
  --header "webhook-timestamp: $timestamp" --header "webhook-signature: v1,$signature" --data-binary "@$body" "$url"
