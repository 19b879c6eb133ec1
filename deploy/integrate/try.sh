#!/bin/sh
# A session from its creation to a verified webhook at one of the examples, on this machine and without AWS.
set -eu
umask 077

fail() { echo "try.sh: $*" >&2; [ ! -e "${work-}/log" ] || cat "$work/log" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
PATH="$here/../../.venv/bin:$PATH"
command -v watcher > /dev/null || fail "no watcher: in $here/../.., python3 -m venv .venv && .venv/bin/pip install ."
work=$(mktemp -d)
started=''
# shellcheck disable=SC2086 # several numbers
trap '[ -z "$started" ] || kill $started 2> /dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

case ${1:-python} in
  python) set -- python3 "$here/python/receive_webhook.py" 0 ;;
  java) set -- java "$here/java/ReceiveWebhook.java" 0 ;;
  node)
    set -- node "$here/node/receive-webhook.mjs" 0
    [ -d "$here/node/node_modules" ] || (cd "$here/node" && npm ci --omit=dev --no-audit --no-fund > /dev/null) ;;
  *) echo "usage: try.sh [python|node|java]" >&2; exit 64 ;;
esac
command -v "$1" > /dev/null || fail "no $1"
cd "$work"

# Waits until what was started last has written these words to a file.
wait_for() {
  until grep -q "$1" "$2" 2> /dev/null; do
    kill -0 "$last" 2> /dev/null || fail "no \"$1\" from $2"
    sleep 0.1
  done
}
start() { "$@" & last=$!; started="$started $last"; }

start watcher simulate --time-scale 3 > url 2> log
wait_for http url
AWS_ENDPOINT_URL_REKOGNITION=$(head -n 1 url)
export AWS_ENDPOINT_URL_REKOGNITION AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

watcher secret new > webhook.secret
WEBHOOK_SECRETS=$(cat webhook.secret)
export WEBHOOK_SECRETS
start "$@" > received 2> log
wait_for 'listening on port' received
cat > watcher.toml << END
[[sinks]]
type = "webhook"
url = "http://127.0.0.1:$(sed -n 's/listening on port //p' received)/"
secret_file = "webhook.secret"
allow_private = true
[http]
port = 0
END

id=$(curl -fsS "$AWS_ENDPOINT_URL_REKOGNITION" -H 'X-Amz-Target: RekognitionService.CreateFaceLivenessSession' \
  -H 'Content-Type: application/x-amz-json-1.1' -d '{"ClientRequestToken": "live--1"}' | sed 's/.*"SessionId": *"\([^"]*\)".*/\1/')
watcher enqueue "$id" > /dev/null 2> log
watcher run --config watcher.toml --until-empty 2> log
grep "$id" received || fail "no decision on $id"
