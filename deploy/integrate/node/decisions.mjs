// What a back end does with a decision, however it came: once for each event.

const KEPT = 14 * 24 * 3600 * 1000; // milliseconds: as long as an SQS queue can keep a message
const acted = new Map(); // id -> decidedAt; with you a table with a unique key, written in the transaction that acts

// Once this returns, the event may be acknowledged.
export function actOn(event) {
  const oldest = Date.now() - KEPT;
  const decidedAt = Date.parse(event.data.decidedAt);
  if (!(decidedAt >= oldest)) {
    console.log("too old", event.id);
    return;
  }
  if (acted.has(event.id)) {
    console.log("again", event.id);
    return;
  }
  acted.set(event.id, decidedAt);
  console.log(event.data.outcome === "live" ? "let in" : "not let in", event.id);
  for (const [id, at] of acted) if (at < oldest) acted.delete(id);
}
