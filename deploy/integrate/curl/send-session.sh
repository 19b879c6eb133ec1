#!/bin/sh
# Ask the watcher for the decision on a session: send-session.sh QUEUE_URL SESSION_ID
# Needs curl >= 7.75, and AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN with a role).
set -eu
queue_url=$1 session_id=$2
endpoint=${AWS_ENDPOINT_URL_SQS:-https://sqs.$AWS_REGION.amazonaws.com}
token=${AWS_SESSION_TOKEN:+header = \"x-amz-security-token: $AWS_SESSION_TOKEN\"}

# The credentials go through standard input: everybody on a machine can read arguments.
curl --silent --show-error --fail --max-time 30 --config - --aws-sigv4 "aws:amz:$AWS_REGION:sqs" \
  --header 'content-type: application/x-amz-json-1.0' --header 'x-amz-target: AmazonSQS.SendMessage' \
  --data "{\"QueueUrl\": \"$queue_url\", \"MessageBody\": \"$session_id\"}" "$endpoint/" << CONFIG
user = "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"
$token
CONFIG
echo
