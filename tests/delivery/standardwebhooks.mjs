// Is a POST that vhookd signed one that others take? Reads {headers, body, secrets, public_keys} on standard input;
// ends with 0 where npm's own verifier takes it under each secret, and Node's under each public key, and neither takes
// it with one byte changed. The package's folder is the first argument.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const { Webhook } = require("standardwebhooks");
const { headers, body, secrets, public_keys } = JSON.parse(readFileSync(0, "utf8"));

function taken(text, secret) {
  try {
    new Webhook(secret).verify(text, headers);
    return true;
  } catch {
    return false;
  }
}

function signed(text, key) {
  const raw = Buffer.from(key.slice("whpk_".length), "base64");
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
  const message = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`);
  return headers["webhook-signature"]
    .split(" ")
    .filter((one) => one.startsWith("v1a,"))
    .some((one) => verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), Buffer.from(one.slice(4), "base64")));
}

const other = body.replace("VIRTUAL", "VIRTUAk").replace("INITIAL", "INITIAk");
const faults = [];
for (const secret of secrets) {
  if (!taken(body, secret)) faults.push("a secret does not verify");
  if (taken(other, secret)) faults.push("a secret verifies another body");
}
for (const key of public_keys) {
  if (!signed(body, key)) faults.push("a public key does not verify");
  if (signed(other, key)) faults.push("a public key verifies another body");
}
if (secrets.length + public_keys.length === 0) faults.push("nothing to verify with");
console.log(faults.length === 0 ? "verified" : faults.join("; "));
process.exit(faults.length === 0 ? 0 : 1);
