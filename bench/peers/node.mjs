// The careful Node user's poller: pg and undici, keyset pages, one connection kept alive, signed bodies.
// For MariaDB: mysql2. For one table or many.
//   node node.mjs URL TABLE[,TABLE…] HOOK_URL PAGE_ROWS
import { createHmac, randomUUID } from "node:crypto";
import { Pool as Http } from "undici";

const [url, tables, hookUrl, pageText] = process.argv.slice(2);
const pageRows = Number(pageText);
const key = Buffer.alloc(32, "k");
const hook = new URL(hookUrl);
const http = new Http(hook.origin, { connections: 1, pipelining: 1 });

const columns = "id, customer_id, status, total, paid, address, note, meta, created_at, updated_at";

async function database() {
  if (url.startsWith("postgres")) {
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("SET TimeZone = 'UTC'");
    return {
      page: async (table, after) =>
        (await client.query({ name: table, text: `SELECT ${columns} FROM ${table} WHERE id > $1 ORDER BY id LIMIT ${pageRows}`, values: [after] })).rows,
      end: () => client.end(),
    };
  }
  const mysql = await import("mysql2/promise");
  const client = await mysql.createConnection({ uri: url, timezone: "Z", decimalNumbers: false });
  return {
    page: async (table, after) =>
      (await client.query(`SELECT ${columns} FROM ${table} WHERE id > ? ORDER BY id LIMIT ${pageRows}`, [after]))[0],
    end: () => client.end(),
  };
}

async function post(data, sequence) {
  const body = JSON.stringify({ type: "VIRTUAL", webhook: { id: "node", event: "updated" }, data, sequence });
  const id = randomUUID();
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const answer = await http.request({
    path: hook.pathname,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": `v1,${signature}`,
    },
    body,
  });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
}

const source = await database();
for (const table of tables.split(",")) {
  let after = 0;
  for (let sequence = 1; ; ++sequence) {
    const rows = await source.page(table, after);
    if (rows.length === 0) break;
    after = rows.at(-1).id;
    await post(rows, sequence);
    if (rows.length < pageRows) break;
  }
}
await source.end();
await http.close();
