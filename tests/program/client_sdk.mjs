// The public client library of the API that vhookd's model comes from, unchanged, against a running vhookd.
// node client_sdk.mjs LIBRARY-FOLDER PORT TOKEN HOOK-URL; exit 0 when all went as its users expect.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [library, port, token, hookUrl] = process.argv.slice(2);
const entry = `${library}/node_modules/@unified-api/typescript-sdk/dist/esm/index.js`;
const { UnifiedTo } = await import(pathToFileURL(entry).href);
const client = new UnifiedTo({ serverURL: `http://127.0.0.1:${port}`, security: { jwt: token } });
const { webhook } = client;

async function refused(status, promise) {
  const error = await promise.then(() => null, (thrown) => thrown);
  assert.equal(error?.statusCode ?? error?.httpMeta?.response?.status, status, String(error));
}

// Read.
let all = await webhook.listUnifiedWebhooks({});
assert.deepEqual(all.map((one) => one.id), ["w"]);
assert.equal(all[0].interval, 60);
assert.ok(all[0].checkedAt instanceof Date);
const one = await webhook.getUnifiedWebhook({ id: "w" });
assert.equal(one.objectType, "things");
assert.equal(typeof one.filters.id, "string");

// Pause, resume and trigger one of the YAML, with the whole object as it was read.
assert.equal((await webhook.patchUnifiedWebhook({ id: "w", webhook: { ...one, isPaused: true } })).isPaused, true);
assert.equal((await webhook.updateUnifiedWebhook({ id: "w", webhook: { ...one, isPaused: false } })).isPaused, false);
await webhook.updateUnifiedWebhookTrigger({ id: "w" });
await webhook.patchUnifiedWebhookTrigger({ id: "w" });
await refused(409, webhook.removeUnifiedWebhook({ id: "w" }));

// Create, list, change, remove.
const made = await webhook.createUnifiedWebhook({
  includeAll: true,
  webhook: { connectionId: "shop", objectType: "things", event: "updated", interval: 5, hookUrl, fields: "id,note" },
});
assert.ok(made.id);
assert.equal(made.environment, "Production");
all = await webhook.listUnifiedWebhooks({ connectionId: "shop", object: "things", isHealthy: true, env: "Production",
  integrationType: "sqlite", limit: 10, offset: 1, sort: "created_at", order: "asc",
  updatedGte: "2026-01-01T00:00:00Z", createdLte: "2999-01-01T00:00:00Z" });
assert.deepEqual(all.map((item) => item.id), [made.id]);
assert.equal((await webhook.listUnifiedWebhooks({ updatedGte: "2999-01-01T00:00:00Z" })).length, 0);
assert.equal((await webhook.listUnifiedWebhooks({ sort: "name", order: "desc", limit: 1 }))[0].id, made.id);
const slower = await webhook.updateUnifiedWebhook({ id: made.id, webhook: { ...made, interval: 60 } });
assert.equal(slower.interval, 60);
assert.equal(slower.fields, "id,note");
assert.equal((await webhook.patchUnifiedWebhook({ id: made.id, webhook: { ...slower, isPaused: true } })).isPaused, true);
await webhook.removeUnifiedWebhook({ id: made.id });
await refused(404, webhook.getUnifiedWebhook({ id: made.id }));

// What can't be is told.
await refused(400, webhook.createUnifiedWebhook({
  webhook: { connectionId: "nowhere", objectType: "things", event: "updated", hookUrl } }));
const stranger = new UnifiedTo({ serverURL: `http://127.0.0.1:${port}`, security: { jwt: "not-the-token" } });
await refused(401, stranger.webhook.patchUnifiedWebhook({ id: "w", webhook: { ...one, isPaused: true } }));
