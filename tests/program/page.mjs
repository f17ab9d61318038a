// The status page in a real browser. node page.mjs LIBRARY-FOLDER CHROMIUM SCREENSHOTS-FOLDER CASE=PORT...
// exit 0: all of them went well. One browser for all: it takes seconds to start.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [library, executablePath, screenshots, ...wanted] = process.argv.slice(2);
const { chromium } = (await import(pathToFileURL(`${library}/node_modules/playwright-core/index.mjs`).href));
let base;
const token = "let-me-in-please";
const hostile = process.env.HOSTILE;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

// A page in which nothing may go wrong unseen: no script error, no violation of the policy.
async function open(options = {}) {
  const { expectedErrors = [], ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  const complaints = [];
  const take = (text) => { if (!expectedErrors.some((expected) => text.includes(expected))) complaints.push(text); };
  page.on("pageerror", (error) => take(error.message));
  page.on("console", (message) => { if (message.type() === "error") take(message.text()); });
  page.on("dialog", (dialog) => { complaints.push("a dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(base)) complaints.push("asked for " + request.url()); });
  return { page, done: async () => { await context.close(); assert.deepEqual(complaints, []); } };
}

// Until exactly this text is there: a click may return before the page it leads to has been loaded.
const reads = (page, selector, text) => page.locator(selector, { hasText: new RegExp(`^\\s*${text}\\s*$`) }).waitFor();

const shot = (page, file, fullPage = true) => page.screenshot({ path: `${screenshots}/${file}.png`, fullPage });

// The least contrast of any text on the page, by WCAG's formula.
const leastContrast = (page) => page.evaluate(() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[0-9.]+/g).map(Number); return { r, g, b, a }; };
  const light = ({ r, g, b }) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let least = { ratio: 99, text: "" };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("dialog, noscript, svg")) continue;
    let under = element;
    while (under && parse(getComputedStyle(under).backgroundColor).a === 0) under = under.parentElement;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(parse(getComputedStyle(under ?? document.body).backgroundColor))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least.ratio) least = { ratio, text: node.data.trim() };
  }
  return least;
});

async function seen(page, file) {
  const { ratio, text } = await leastContrast(page);
  assert.ok(ratio >= 4.5, `${file}: contrast ${ratio.toFixed(2)} of "${text}"`);
  const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: window.innerWidth }));
  assert.ok(wide <= room, `${file}: ${wide} px wide in a window of ${room}`);
  await shot(page, file);
}

const cases = {
  // Without JavaScript everything can be read, and acted on with the browser's own login.
  async reading() {
    const { page, done } = await open({ javaScriptEnabled: false, expectedErrors: ["404"] });
    const response = await page.goto(base);
    const policy = response.headers()["content-security-policy"];
    assert.ok(policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
    assert.equal(await page.locator("table.hooks > tbody").count(), 4);
    assert.equal(await page.locator("h1").textContent(), "2 webhooks need attention");
    const row = page.locator("tbody", { has: page.locator("a[href='/webhook/good']") });
    assert.equal(await row.locator(".pill").textContent(), "healthy");
    assert.equal(await row.locator("svg path.ok").count(), 1);
    assert.ok((await page.locator("tbody.unhealthy .why").first().textContent()).length > 10);
    const waiting = /^Page 1 failed once; next attempt in (1h00m|5[0-9]m..s)\. Last error: the receiver answered 503/;
    assert.match(await page.locator("tbody", { has: page.locator("a[href='/webhook/waiting']") }).locator(".again").textContent(), waiting);
    assert.equal(await page.locator("tbody", { has: page.locator("a[href='/webhook/dying']") }).locator(".again").count(), 0);
    await page.goto(base + "/webhook/waiting");
    assert.match(await page.locator(".again").textContent(), waiting);
    await page.goto(base);
    await page.fill("#q", "GOOD");
    await page.click(".find button");
    await page.waitForURL(/q=GOOD/);
    assert.equal(await page.locator("table.hooks > tbody").count(), 1);
    await page.click("a[href='/webhook/good']");
    await page.waitForURL("**/webhook/good");
    assert.equal(await page.locator(".list tbody tr").count() > 0, true);
    assert.ok((await page.locator(".facts").textContent()).includes("object_type"));
    await page.goto(base + "/webhook/nobody");
    assert.equal(await page.locator("h1").textContent(), "Not found");
    await done();
    const known = await open({ javaScriptEnabled: false, httpCredentials: { username: "any", password: token } });
    await known.page.goto(base + "/webhook/good");
    await known.page.click("button[data-key=pause]");
    await reads(known.page, ".pill", "paused");
    await known.page.click("button[data-key=resume]");
    await reads(known.page, ".pill", "healthy");
    await known.done();
  },

  async looks() {
    for (const [kind, options] of Object.entries({
      light: { colorScheme: "light" }, dark: { colorScheme: "dark" },
      phone: { colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
    })) {
      const { page, done } = await open(options);
      await page.goto(base);
      await seen(page, `list-${kind}`);
      if (kind === "light") {
        const names = await page.locator("thead th").first().evaluate((cell) => cell.clientWidth / cell.closest("table").clientWidth);
        assert.ok(names > 0.4, `the names have ${names.toFixed(2)} of the table: errors below have widened the other columns`);
      }
      await page.goto(base + "/webhook/dying");
      await seen(page, `webhook-${kind}`);
      await page.goto(base + "/webhook/waiting");
      await seen(page, `waiting-${kind}`);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const dark = Number(ground.match(/[0-9]+/)[0]) < 100;
      assert.equal(dark, kind === "dark", ground);
      await done();
    }
  },

  // Names that mean to be markup, script or something else than they look are text and nothing else.
  async hostile() {
    const { page, done } = await open();
    for (const address of ["/", "/webhook/hostile", "/?q=" + encodeURIComponent('"><script>alert(1)</script>')]) {
      await page.goto(base + address);
      await page.waitForLoadState();
      assert.equal(await page.locator("main img, main script, main iframe, main [onerror], main [onclick]").count(), 0);
      assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
    }
    assert.equal(await page.locator("#q").inputValue(), '"><script>alert(1)</script>');
    await page.goto(base + "/webhook/hostile");
    assert.ok((await page.locator(".what").first().textContent()).includes(hostile));
    assert.ok((await page.locator(".error").textContent()).includes(hostile), "the error in full");
    await done();
  },

  async acting() {
    const { page, done } = await open({ expectedErrors: ["401", "409"] });
    await page.goto(base + "/webhook/good");
    await page.click("button[data-key=pause]");
    await page.fill("#token", "not-the-token-at-all");
    await shot(page, "token", false);
    await page.keyboard.press("Enter");
    await page.locator("#token-wrong").waitFor();
    await page.fill("#token", token);
    await page.click("dialog button.main");
    await page.locator(".pill", { hasText: "paused" }).waitFor();
    await page.locator(".said", { hasText: "Paused" }).waitFor();
    await page.click("button[data-key=resume]");  // asked no more
    await page.locator(".pill", { hasText: "healthy" }).waitFor();
    await page.click("button[data-key=trigger]");
    await page.locator(".said", { hasText: "Polled: " }).waitFor();
    await page.click("a[data-ask]");
    await page.locator("pre", { hasText: "SELECT" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/webhook/good/explain");
    await shot(page, "explain");
    await page.goBack();
    await page.locator("button[data-key=trigger]").waitFor();
    await page.goto(base + "/webhook/dying");
    await page.click("main a[href*='page=']");
    assert.ok((await page.locator("pre").textContent()).includes('"sequence":1'));
    await page.goBack();
    await page.click("button[data-key=replay]");
    await page.locator(".said", { hasText: "1 page queued again." }).waitFor();
    await done();
  },

  // What changes is shown without anybody's doing, and what had the focus keeps it.
  async fresh() {
    const { page, done } = await open();
    await page.goto(base + "/webhook/good");
    await page.focus("button[data-key=trigger]");
    const before = await page.locator(".list tbody tr").count();
    const answer = await fetch(base + "/unified/webhook/good/trigger", { method: "PUT", headers: { authorization: token } });
    assert.equal(answer.status, 200);
    await page.waitForFunction((count) => document.querySelectorAll(".list tbody tr").length > count, before);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.key), "trigger");
    await done();
  },

  async thousand() {
    const { page, done } = await open();
    const began = Date.now();
    await page.goto(base);
    assert.equal(await page.locator("table.hooks > tbody").count(), 1000);
    console.log(`1,000 webhooks after ${Date.now() - began} ms, ${(await page.content()).length} bytes`);
    await page.fill("#q", "hook-77");
    await page.click(".find button");
    await page.waitForURL(/q=hook-77/);
    assert.equal(await page.locator("table.hooks > tbody").count(), 11);
    await page.goto(base);
    await shot(page, "thousand", false);
    await done();
  },

  async empty() {
    const { page, done } = await open();
    await page.goto(base);
    assert.equal(await page.locator("h1").textContent(), "No webhooks yet");
    await seen(page, "empty");
    await done();
  },

  // On an address other than loopback nothing is shown without the token, which the browser asks for.
  async everywhere() {
    // Asked without a browser: a headless one takes the question for an error.
    const response = await fetch(base, { headers: { accept: "text/html" } });
    assert.equal(response.status, 401);
    assert.ok(response.headers.get("www-authenticate").startsWith("Basic"));
    assert.ok(!(await response.text()).includes("tbody"));
    assert.equal((await fetch(base + "/app.js")).status, 401);
    const known = await open({ httpCredentials: { username: "any", password: token } });
    await known.page.goto(base);
    assert.equal(await known.page.locator("table.hooks > tbody").count(), 1);
    await known.page.click("tbody a");
    await known.page.click("button[data-key=pause]");
    await known.page.locator(".pill", { hasText: "paused" }).waitFor();
    await known.done();
  },
};

try {
  for (const [name, port] of wanted.map((word) => word.split("="))) {
    base = `http://127.0.0.1:${port}`;
    const began = Date.now();
    await cases[name]();
    console.log(`${name}: ${Date.now() - began} ms`);
  }
} finally {
  await browser.close();
}
