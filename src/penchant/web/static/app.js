// The console: choose a person, see what they are offered, do something as them, and watch the list answer.

import { $, calmly, fill, h, number, whole } from "./dom.js";
import { call, get, recommend, tell, why } from "./wire.js";
import { combo } from "./combo.js";
import { match, offer, past } from "./cards.js";
import { explainInto } from "./reasons.js";
import * as steers from "./steers.js";

const K = 10;
const known = new Map(); // item id → what is known of it
const now = { user: "", text: "", slate: null, order: null, kinds: [], items: 0, turn: 0 };

const say = (words, failed = false) => {
  const status = $("status");
  status.textContent = words;
  status.classList.toggle("error", failed);
};

/** Run something that asks the server; what goes wrong is said on the page. */
const safely = (work) => async (...given) => {
  try {
    return await work(...given);
  } catch (error) {
    return say(error.message, true);
  }
};

async function learn(ids) {
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length) for (const item of (await get("/console/items", { item_id: missing })).items) known.set(item.item_id, item);
}

const itemOf = (id) => known.get(id) || { item_id: id, title: id };

/** Ask for a new list; `position` is how far the answer must have read. */
async function refresh(position = 0) {
  const mine = ++now.turn;
  $("list").setAttribute("aria-busy", "true");
  const question = { user_id: now.user, k: K, explain: true, surface: "console", min_position: position };
  const began = performance.now();
  const slate = await recommend(now.text ? { ...question, text: now.text } : question);
  const trip = performance.now() - began;
  await learn(slate.items.map((pick) => pick.item_id));
  if (mine !== now.turn) return null; // somebody asked again meanwhile
  const change = show(slate);
  facts(slate, trip);
  return change;
}

function show(slate) {
  const before = now.order;
  const order = slate.items.map((pick) => pick.item_id);
  const scores = slate.items.map((pick) => pick.score ?? 0);
  const low = Math.min(0, ...scores);
  const span = Math.max(...scores, 0) - low || 1;
  const rows = slate.items.map((pick, place) => {
    const item = itemOf(pick.item_id);
    const was = before ? before.indexOf(pick.item_id) : null;
    return { id: pick.item_id, parts: offer({ item, pick, place, before: was, share: ((pick.score ?? 0) - low) / span, kinds: now.kinds, act: (kind) => act(item, kind, slate.slate_id) }) };
  });
  lay($("list"), rows);
  Object.assign(now, { slate, order });
  $("list").removeAttribute("aria-busy");
  $("list").inert = false;
  return before ? { fresh: order.filter((id) => !before.includes(id)).length, moved: order.filter((id, place) => before.includes(id) && before.indexOf(id) !== place).length } : null;
}

/** Lay the rows out anew; those that stay keep their element and glide to their new place. */
function lay(list, rows) {
  const focus = document.activeElement?.closest?.("li[data-id]");
  const held = focus && { id: focus.dataset.id, kind: document.activeElement.dataset.kind };
  const old = new Map([...list.children].map((row) => [row.dataset.id, { row, top: row.getBoundingClientRect().top }]));
  const fresh = rows.map(({ id, parts }) => {
    const row = old.get(id)?.row || h("li", { class: "offer", "data-id": id });
    const open = row.querySelector(".why")?.getAttribute("aria-expanded") === "true";
    fill(row, parts);
    if (open) row.querySelector(".why")?.click();
    return row;
  });
  fill(list, fresh);
  glide(fresh, old);
  if (held?.kind) {
    const same = fresh.find((row) => row.dataset.id === held.id);
    (same?.querySelector(`[data-kind="${CSS.escape(held.kind)}"]`) || $("offers")).focus({ preventScroll: true });
  }
}

function glide(rows, old) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || !old.size) return;
  for (const row of rows) {
    const was = old.get(row.dataset.id);
    const by = was ? was.top - row.getBoundingClientRect().top : 0;
    const frames = was ? [{ transform: `translateY(${by}px)` }, { transform: "none" }] : [{ opacity: 0 }, { opacity: 1 }];
    if (!was || by) row.animate(frames, { duration: 380, easing: "cubic-bezier(.2,.7,.2,1)" });
  }
}

function facts(slate, trip) {
  const pairs = [
    ["Answered in", `${number(slate.took_ms, 1)} ms`],
    ["Round trip", `${number(trip, 0)} ms`],
    ["Release", slate.release],
    ["Log read up to", whole(slate.position)],
  ];
  fill($("facts"), pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  $("facts").dataset.position = slate.position;
  $("degraded").textContent = slate.degraded.length ? `Not at full strength: ${slate.degraded.join("; ")}` : "";
}

async function history() {
  const user = now.user;
  const { events, total } = await get("/console/history", { user_id: user });
  if (user !== now.user) return;
  for (const event of events) if (event.item) known.set(event.item.item_id, event.item);
  $("total").textContent = total ? whole(total) : "";
  fill($("history"), total ? past(events) : h("li", { class: "hint" }, "Nothing yet. Everything they do appears here at once."));
}

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

const act = safely(async (item, kind, slate) => {
  const inside = now.order?.includes(item.item_id);
  const receipt = await tell({ user_id: now.user, item_id: item.item_id, event_type: kind, ...(inside && slate ? { slate_id: slate } : {}) });
  if (receipt.rejected.length) throw new Error(receipt.rejected[0].reason);
  const [change] = await Promise.all([refresh(receipt.position), history()]);
  if (!change) return; // somebody else was chosen meanwhile
  const words = [change.moved && `${plural(change.moved, "item", "items")} moved`, change.fresh && `${change.fresh} new`].filter(Boolean).join(", ");
  say(`Noted at position ${whole(receipt.position)}: ${kind}, ${item.title}. ${words ? `${words}.` : "The list stays as it was."}`);
});

const asks = () => steers.show($("steers"), now.user, safely(async (position) => {
  await Promise.all([refresh(position), asks()]);
  say("Undone.");
}));

const choose = safely(async (user) => {
  Object.assign(now, { user, text: "", order: null, slate: null });
  $("wish").value = $("steer").value = "";
  $("name").textContent = user;
  $("list").inert = true; // it is still somebody else's
  location.hash = new URLSearchParams({ user });
  say("");
  fill($("found"));
  $("find").value = "";
  await Promise.all([refresh(), history(), asks()]);
  if (user === now.user && now.order) say(`The best ${now.order.length} of ${whole(now.items)} items, right now.`);
});

const suggest = async (words) => {
  const { people } = await get("/console/people", { q: words });
  return people.map(({ user_id, events }) => ({ value: user_id, label: user_id, note: plural(whole(events), "event", "events") }));
};

const find = calmly(safely(async () => {
  const words = $("find").value.trim();
  if (!words) return fill($("found"));
  const { items } = await get("/console/search", { q: words });
  if (words !== $("find").value.trim()) return undefined;
  for (const item of items) known.set(item.item_id, item);
  return fill($("found"), items.length ? items.map((item) => match({
    item,
    kinds: now.kinds,
    act: (kind) => act(item, kind, now.slate?.slate_id),
    ask: (box) => explainInto(box, () => why(now.slate.slate_id, item.item_id)),
  })) : h("li", { class: "hint" }, "Nothing in the catalogue goes by that name."));
}));

const stranger = () => `guest-${[...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

const asked = () => new URLSearchParams(location.hash.slice(1)).get("user");

const start = safely(async () => {
  const settings = await call("GET", "/console/settings");
  Object.assign(now, { kinds: settings.deeds, items: settings.items });
  $("title").textContent = settings.title;
  document.title = `${settings.title} · Penchant`;
  const first = asked() || (await suggest(""))[0]?.value || stranger();
  await choose(first);
});

combo($("person"), $("people"), suggest, choose);
$("newcomer").addEventListener("click", () => choose(stranger()));
$("find").addEventListener("input", find);
$("mood").addEventListener("submit", safely(async (event) => {
  event.preventDefault();
  now.text = $("wish").value.trim();
  const change = await refresh();
  const also = now.slate.understood?.steering || [];
  say(now.text ? `Asked for “${now.text}”${also.length ? ` (${also.join(", ")})` : ""}.` : change ? "Without a wish." : "");
}));
$("wheel").addEventListener("submit", safely(async (event) => {
  event.preventDefault();
  const text = $("steer").value.trim();
  if (!text) return;
  const { understood, ignored } = await steers.steer(now.user, text);
  $("steer").value = "";
  await Promise.all([refresh(), asks()]);
  const lost = ignored.length ? ` Not understood: ${ignored.join(", ")}.` : "";
  say(understood.length ? `From now on: ${understood.join(", ")}.${lost}` : `Nothing changes.${lost}`);
}));
addEventListener("hashchange", () => asked() && asked() !== now.user && choose(asked()));
start();
