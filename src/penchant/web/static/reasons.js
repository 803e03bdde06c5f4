// Reasons as sentences, with the evidence that each of them has, and the journey of an item that is not offered.

import { day, fill, h, number, titled } from "./dom.js";

const WINDOWS = { "1h": "last hour", "6h": "last 6 hours", "1d": "last day", "3d": "last 3 days", "7d": "last week", "30d": "last 30 days", all: "ever" };

const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + number(Math.abs(value));

/** The sentences worth reading, strongest first. */
export const worded = (reasons) => reasons.filter((reason) => reason.text && (reason.part > 0.0005 || reason.kind === "moved"));

/** All reasons with their share of the score, as a list. */
export function ledger(reasons, score) {
  const counted = reasons.filter((reason) => Math.abs(reason.part) > 0.0005 || (reason.kind === "moved" && reason.text));
  const most = Math.max(...counted.map((reason) => Math.abs(reason.part)), 1e-9);
  return h("div", { class: "ledger" },
    h("ul", {}, counted.map((reason) => line(reason, most))),
    h("p", { class: "sum" }, "Together they make the score, ", h("b", {}, number(score)), "."));
}

function line(reason, most) {
  const bar = h("span", { class: reason.part < 0 ? "part against" : "part", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(Math.abs(reason.part) / most));
  return h("li", {},
    h("span", { class: "amount" }, reason.kind === "moved" ? "" : signed(reason.part)),
    bar,
    h("div", {}, h("p", {}, reason.text || titled(reason.kind)), evidence(reason.evidence || {})));
}

function evidence(found) {
  const parts = [];
  if (found.columns) parts.push(...Object.values(found.columns).filter((column) => column.events?.length).slice(0, 1).map(events));
  if (found.events && !Array.isArray(found.events)) parts.push(counts(found.events));
  if (found.items?.length) parts.push(h("p", { class: "proof" }, `Nearest to: ${found.items.join("; ")}`));
  if (found.words?.length) parts.push(h("p", { class: "proof" }, `Words in common: ${found.words.join(", ")}`));
  return h("div", {}, parts);
}

const events = (column) =>
  h("ul", { class: "proof" }, column.events.slice(0, 4).map((event) =>
    h("li", {}, `${event.title}, ${event.event_type} on ${day(event.timestamp)}`)));

function counts(windows) {
  const some = Object.entries(windows).filter(([, count]) => count > 0);
  if (!some.length) return null;
  return h("p", { class: "proof" }, some.map(([name, count]) => `${number(count, 0)} ${WINDOWS[name] || name}`).join(" · "));
}

/** Why an item is, or is not, in a slate. */
export function journey(answer) {
  const found = Object.entries(answer.found_by || {}).filter(([, place]) => place);
  const steps = (answer.steps || []).map((step) => h("li", {}, h("b", {}, `${step.rank}`), ` of ${step.of} after ${step.step}`));
  const [cause, ...rest] = answer.because.split("; ");
  const box = h("div", { class: "journey", role: "note" },
    h("p", { class: "verdict" }, answer.shown ? `It is offered, in ${cause}.` : `Not offered: ${cause}.`));
  if (rest.length) box.append(h("p", {}, `${titled(rest.join("; "))}.`));
  if (found.length) box.append(h("p", { class: "proof" }, `Found by ${found.map(([name, place]) => `${name} (place ${place})`).join(", ")}`));
  if (steps.length) box.append(h("ol", {}, steps));
  return box;
}

/** Ask for a journey and put it into a box, or say why it cannot be had. */
export async function explainInto(box, ask) {
  try {
    fill(box, journey(await ask()));
  } catch (error) {
    fill(box, h("p", { class: "error" }, error.message));
  }
}
