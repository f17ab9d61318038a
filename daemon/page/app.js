// Refreshes the page and runs its actions without leaving it. The page can be read without this script.
"use strict";

const main = document.getElementById("main");
const fresh = document.getElementById("fresh");
const dialog = document.getElementById("ask-token");
const tokenField = document.getElementById("token");
const tokenWrong = document.getElementById("token-wrong");
const tokenKey = "vhookd-token";
let work = Promise.resolve();  // runs one task at a time: a click waits for a running refresh and is never lost
let acting = 0;
let lastGood = Date.now();

// Replaces the content by the server's HTML and keeps the focus.
function show(html, address) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const nextMain = next.getElementById("main");
  if (!nextMain) return;
  const focused = document.activeElement;
  const path = focused && main.contains(focused) ? focused.dataset.key || focused.id || focused.getAttribute("href") : null;
  main.replaceChildren(...nextMain.childNodes);
  main.dataset.refreshMs = nextMain.dataset.refreshMs;
  document.title = next.title;
  if (address) history.pushState(null, "", address);
  if (!path) return;
  for (const candidate of main.querySelectorAll("a, button, input")) {
    if ((candidate.dataset.key || candidate.id || candidate.getAttribute("href")) === path) {
      candidate.focus({ preventScroll: true });
      break;
    }
  }
}

function note(text, bad) {
  fresh.textContent = text;
  fresh.classList.toggle("bad", Boolean(bad));
}

function seconds(ms) {
  return Math.max(0, Math.round(ms / 1000)) + " s";
}

function inTurn(task) {
  work = work.then(task);
  return work;
}

function isBusy() {
  const field = document.activeElement;
  const typing = field && main.contains(field) && field.matches("input[type=search]");
  return acting > 0 || document.hidden || typing || dialog.open || main.querySelector("[data-still]") !== null;
}

async function refresh() {
  if (isBusy()) return;
  try {
    const answer = await fetch(location.href, { headers: authorization(), cache: "no-store" });
    if (!answer.ok) throw new Error("the daemon answered " + answer.status);
    const html = await answer.text();
    lastGood = Date.now();
    if (isBusy()) return;
    show(html);
    note("");
  } catch (error) {
    note("not updated for " + seconds(Date.now() - lastGood) + ": " + (error instanceof TypeError ? "the daemon does not answer" : error.message), true);
  }
}

async function keepFresh() {
  for (;;) {
    await new Promise((done) => setTimeout(done, Number(main.dataset.refreshMs) || 5000));
    await inTurn(refresh);
  }
}

function authorization() {
  const token = sessionStorage.getItem(tokenKey);
  return token ? { authorization: "Bearer " + token } : {};
}

// Resolves to the token, or to null if the user cancels.
function askToken(wrong) {
  tokenWrong.hidden = !wrong;
  tokenField.value = "";
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "go" ? tokenField.value.trim() : null), { once: true });
  });
}

// Sends a request. If the server requires the token, asks the user for it and sends the request again.
async function request(address, method) {
  for (;;) {
    const answer = await fetch(address, { method, headers: authorization(), cache: "no-store" });
    if (answer.status !== 401) return answer;
    const wrong = sessionStorage.getItem(tokenKey) !== null;
    sessionStorage.removeItem(tokenKey);
    note("");
    const token = await askToken(wrong);
    if (!token) return null;
    sessionStorage.setItem(tokenKey, token);
  }
}

async function act(address, method, button, remember) {
  acting += 1;
  if (button) button.disabled = true;
  await inTurn(async () => {
    note("working …");
    try {
      const answer = await request(address, method);
      if (answer) show(await answer.text(), remember ? address : null);
      note("");
    } catch {
      note("the daemon does not answer", true);
    }
  });
  acting -= 1;
  if (button) button.disabled = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  act(form.action, "POST", event.submitter, false);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  act(link.href, "GET", null, true);
});

// Not a submit button: Enter in the field activates the form's first submit button, which must be the one that continues.
document.getElementById("token-cancel").addEventListener("click", () => dialog.close("cancel"));

window.addEventListener("popstate", () => location.reload());
document.addEventListener("visibilitychange", () => inTurn(refresh));
keepFresh();
