// What an item looks like: in the list of offers, in what was found, and in what somebody did.

import { day, h, moment, number, titled } from "./dom.js";
import { ledger, worded } from "./reasons.js";

const SAFE = /^(https:\/\/|data:image\/)/i;

/** Buttons for the deeds on offer; `act(kind)` is called with the one taken. */
export const deeds = (kinds, title, act) =>
  h("div", { class: "deeds", role: "group", "aria-label": `What did they do with ${title}?` },
    kinds.map(({ name, weight }) =>
      h("button", { type: "button", class: weight < 0 ? "deed against" : "deed", "data-kind": name, onclick: () => act(name) },
        titled(name), h("span", { class: "hidden" }, ` ${title}`))));

export const meta = (item) => {
  const price = typeof item.price === "number" ? number(item.price) : item.price;
  const category = Array.isArray(item.category) ? item.category.join(", ") : item.category;
  return [category, price].filter((part) => part !== null && part !== undefined && part !== "").join(" · ");
};

function picture(item) {
  const safe = typeof item.image_url === "string" && SAFE.test(item.image_url);
  if (!safe) return null;
  return h("img", { class: "picture", src: item.image_url, alt: "", loading: "lazy", width: 64, height: 64, onerror: (event) => event.target.remove() });
}

/** How an offer moved since the last list: a number of places, or "new". */
function movement(place, before) {
  if (before === null) return h("span", { class: "move" });
  if (before < 0) return h("span", { class: "move new" }, "new");
  const by = before - place;
  if (!by) return h("span", { class: "move" });
  const words = `${by > 0 ? "up" : "down"} ${Math.abs(by)}`;
  return h("span", { class: by > 0 ? "move up" : "move down" },
    h("span", { "aria-hidden": "true" }, `${by > 0 ? "▲" : "▼"}${Math.abs(by)}`), h("span", { class: "hidden" }, words));
}

/** One offer. `before` is its place in the last list: null if there was none, -1 if it was not in it. */
export function offer({ item, pick, place, before, share, kinds, act }) {
  const said = worded(pick.reasons);
  const bar = h("div", { class: "bar", role: "img", "aria-label": `score ${number(pick.score ?? 0)}` });
  bar.style.setProperty("--share", String(share));
  return [
    h("div", { class: "place" }, h("span", { class: "rank", "aria-hidden": "true" }, String(place + 1)), movement(place, before)),
    h("div", { class: "body" },
      picture(item),
      h("div", { class: "words" },
        h("h3", {}, item.title),
        h("p", { class: "meta" }, meta(item)),
        h("p", { class: "reason" }, said.slice(0, 2).map((reason) => reason.text).join(" ")))),
    deeds(kinds, item.title, act),
    bar,
    ...unfolding(item, pick),
  ];
}

/** A button that unfolds all the reasons, and the reasons. */
function unfolding(item, pick) {
  if (!pick.reasons.length) return [];
  const book = ledger(pick.reasons, pick.score);
  book.id = `why-${item.item_id}`;
  book.hidden = true;
  const toggle = () => {
    book.hidden = !book.hidden;
    button.setAttribute("aria-expanded", String(!book.hidden));
  };
  const button = h("button", { type: "button", class: "why", "aria-expanded": "false", "aria-controls": book.id, onclick: toggle },
    "Why this", h("span", { class: "hidden" }, `: ${item.title}`));
  return [button, book];
}

/** One item that was looked for, with room for why it is not offered. */
export function match({ item, kinds, act, ask }) {
  const box = h("div", { class: "answer" });
  return h("li", {},
    h("div", { class: "body" }, picture(item),
      h("div", { class: "words" }, h("h3", {}, item.title), h("p", { class: "meta" }, [meta(item), item.available ? "" : "not available"].filter(Boolean).join(" · ")))),
    h("div", { class: "row" }, deeds(kinds, item.title, act),
      h("button", { type: "button", class: "plain ask", onclick: () => ask(box) }, "Why not offered?", h("span", { class: "hidden" }, ` ${item.title}`))),
    box);
}

/** What somebody did, newest first, under the day it was done. */
export function past(events) {
  const days = [];
  for (const event of events) {
    const name = day(event.time);
    if (days.at(-1)?.name !== name) days.push({ name, events: [] });
    days.at(-1).events.push(event);
  }
  return days.map(({ name, events: deeds }) => h("li", {}, h("h3", {}, name), h("ol", {}, deeds.map(deed))));
}

const deed = (event) =>
  h("li", {}, h("span", { class: "kind" }, titled(event.kind)), h("span", { class: "what" }, event.item ? event.item.title : "—"), moment(event.time));
