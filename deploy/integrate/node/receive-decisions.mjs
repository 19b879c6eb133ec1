// Act on the decisions of an SQS queue: node receive-decisions.mjs QUEUE_URL
import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { actOn } from "./decisions.mjs";

const consumer = Consumer.create({
  queueUrl: process.argv[2],
  sqs: new SQSClient(),
  batchSize: 10,
  // A message is deleted once it is returned; one whose handler throws comes again.
  handleMessage: async (message) => {
    actOn(JSON.parse(message.Body));
    return message;
  },
});
for (const failure of ["error", "processing_error", "timeout_error"]) {
  consumer.on(failure, (error) => console.error(error.message));
}
consumer.start();
