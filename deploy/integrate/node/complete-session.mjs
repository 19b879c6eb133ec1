// Tell the watcher that the person has finished: node complete-session.mjs QUEUE_URL SESSION_ID [POLICY]
// For the route that the app calls in onAnalysisComplete. The policy is the one that the session was sent with.
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const [queueUrl, sessionId, policy = "default"] = process.argv.slice(2);
const message = { sessionId, policy, complete: true };
const sqs = new SQSClient();
await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) }));
