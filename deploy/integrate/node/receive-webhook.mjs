// Act on decisions that come as webhooks: node receive-webhook.mjs PORT, port 0 for a free one.
// $WEBHOOK_SECRETS has the secrets with blanks between them: usually one, two while they are being changed.
// Put it behind something that speaks TLS.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { actOn } from "./decisions.mjs";

const MOST_BYTES = 1024 * 1024; // of a body; an event has 256 KiB at most
const webhooks = process.env.WEBHOOK_SECRETS.trim().split(/\s+/).map((secret) => new Webhook(secret));

// The package checks the time (five minutes) and compares in constant time.
function isValid(body, headers) {
  return webhooks.some((webhook) => {
    try {
      webhook.verify(body, headers);
      return true;
    } catch {
      return false;
    }
  });
}

async function rawBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const server = createServer(async (request, response) => {
  try {
    const body = await rawBody(request);
    if (body === null) {
      response.writeHead(413, { connection: "close" });
    } else if (!isValid(body, request.headers)) {
      response.writeHead(401);
    } else {
      actOn(JSON.parse(body));
      response.writeHead(204);
    }
  } catch (error) {
    console.error(error.message);
    response.writeHead(500);
  }
  response.end();
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log(`listening on port ${server.address().port}`));
