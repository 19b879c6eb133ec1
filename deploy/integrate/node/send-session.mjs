// Ask the watcher for the decision on a session: node send-session.mjs QUEUE_URL SESSION_ID [POLICY]
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const [queueUrl, sessionId, policy = "default"] = process.argv.slice(2);
const message = { sessionId, createdAt: new Date().toISOString(), policy, context: { orderId: 17 } };
const sqs = new SQSClient();
await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) }));
