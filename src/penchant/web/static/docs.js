// The description of the API, read from /openapi.json, with a place to try each route.

import { $, fill, h } from "./dom.js";
import { authorised, wanted } from "./key.js";

const GROUPS = [["Asking", /^\/v1\/(recommend|rank|similar|slates)/], ["Telling", /^\/v1\/(events|items)/], ["People", /^\/v1\/users/], ["Looking after it", /./]];
let schemas = {};

const resolve = (schema) => (schema?.$ref ? resolve(schemas[schema.$ref.split("/").at(-1)]) : schema) || {};

/** A schema's type in a few words. */
function type(schema) {
  const own = resolve(schema);
  if (own.anyOf) return [...new Set(own.anyOf.filter((one) => one.type !== "null").map(type))].join(" or ");
  if (own.type === "array") return `list of ${type(own.items)}`;
  if (own.format) return own.format;
  return own.type || "anything";
}

/** A value that a schema would take, from its examples and defaults. */
function example(schema, name = "") {
  const own = resolve(schema);
  if (own.examples) return own.examples[0];
  if (own.default !== undefined) return own.default;
  if (own.anyOf) return example(own.anyOf[0], name);
  if (own.type === "object") return Object.fromEntries(Object.entries(own.properties || {}).filter(([key]) => own.required?.includes(key) || EXTRA[own.title]?.includes(key)).map(([key, part]) => [key, example(part, key)]));
  if (own.type === "array") return [example(own.items, name)];
  return { integer: 10, number: 1, boolean: false }[own.type] ?? SAMPLES[name] ?? "text";
}

const SAMPLES = { user_id: "17850", item_id: "22423", slate_id: "a slate's id", title: "Regency cakestand", event_type: "purchase" };
const EXTRA = { Ask: ["text", "explain"], Deed: ["item_id", "event_type"], Thing: ["title"] }; // beside what is required

const row = (name, schema, must, note) =>
  h("tr", {},
    h("th", { scope: "row" }, h("code", {}, name), must ? h("span", { class: "must", title: "required" }, " *") : ""),
    h("td", { class: "type" }, type(schema)),
    h("td", {}, [note || resolve(schema).description || schema?.description, range(schema)].filter(Boolean).join(" ")));

function range(schema) {
  const own = resolve(schema);
  const parts = [];
  if (own.minimum !== undefined && own.maximum < 1e9) parts.push(`${own.minimum} to ${own.maximum}.`);
  if (own.default !== undefined && own.default !== null && typeof own.default !== "object") parts.push(`Default ${own.default}.`);
  return parts.join(" ");
}

function fields(schema, asked) {
  const own = resolve(schema);
  const entries = Object.entries(own.properties || {});
  const inner = entries.map(([, part]) => resolve(part)).filter((part) => part.type === "array").map((part) => resolve(part.items?.anyOf?.[0] || part.items)).find((part) => part.properties);
  return [
    h("div", { class: "table" }, h("table", {}, h("tbody", {}, entries.map(([name, part]) => row(name, part, asked && own.required?.includes(name)))))),
    inner ? [h("h3", {}, `Each ${inner.title}`), h("p", { class: "hint" }, inner.description || ""), fields(inner, asked)] : [],
  ].flat(2);
}

function trial(path, method, route, body) {
  const inputs = (route.parameters || []).filter((one) => one.in !== "header").map((one) =>
    [one, h("input", { "aria-label": one.name, placeholder: one.name })]);
  const area = body ? h("textarea", { "aria-label": "Body", spellcheck: "false" }) : null;
  if (area) area.value = JSON.stringify(example(body), null, 2);
  const out = h("pre", { hidden: true, tabindex: "0", "aria-label": "Answer" });
  const run = async () => {
    let url = path;
    const query = new URLSearchParams();
    for (const [one, input] of inputs) {
      if (one.in === "path") url = url.replace(`{${one.name}}`, encodeURIComponent(input.value));
      else query.set(one.name, input.value);
    }
    out.hidden = false;
    try {
      const answer = await fetch(query.size ? `${url}?${query}` : url, { method: method.toUpperCase(), headers: authorised(area ? { "Content-Type": "application/json" } : {}), body: area?.value });
      const text = await answer.text();
      if (answer.status === 401 || answer.status === 403) wanted(JSON.parse(text).detail).then(run);
      out.textContent = `${answer.status}\n${/json/.test(answer.headers.get("Content-Type")) ? JSON.stringify(JSON.parse(text), null, 2) : text}`;
    } catch (error) {
      out.textContent = error.message;
    }
  };
  return h("div", { class: "try" }, h("h3", {}, "Try it"), inputs.map(([, input]) => input), area, h("button", { type: "button", onclick: run }, "Send"), out);
}

function section(path, method, route) {
  const body = route.requestBody?.content["application/json"]?.schema;
  const answer = route.responses["200"]?.content?.["application/json"]?.schema;
  const parameters = route.parameters || [];
  return h("details", { class: "route" },
    h("summary", {}, h("span", { class: `verb ${method}` }, method.toUpperCase()), h("code", {}, path), h("span", { class: "about" }, route.description)),
    h("div", { class: "inside" },
      parameters.length ? h("h3", {}, "Parameters") : null,
      parameters.length ? h("div", { class: "table" }, h("table", {}, h("tbody", {}, parameters.map((one) => row(one.name, one.schema, one.required, one.description))))) : null,
      body ? [h("h3", {}, "Body"), fields(body, true)].flat() : [],
      answer && resolve(answer).properties ? [h("h3", {}, "Answer"), fields(answer, false)].flat() : [],
      h("p", { class: "hint" }, `Errors are problem documents (RFC 9457): ${Object.keys(route.responses).filter((status) => status >= "400").join(", ")}.`),
      trial(path, method, route, body)));
}

async function start() {
  const document_ = await (await fetch("/openapi.json")).json();
  schemas = document_.components.schemas;
  $("title").textContent = document_.info.title;
  document.title = `API · ${document_.info.title}`;
  $("about").textContent = document_.info.description;
  const all = Object.entries(document_.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, route]) => ({ path, method, route })));
  const taken = new Set();
  fill($("routes"), GROUPS.flatMap(([name, pattern]) => {
    const mine = all.filter((one) => !taken.has(one) && pattern.test(one.path));
    mine.forEach((one) => taken.add(one));
    return [h("h2", {}, name), ...mine.map(({ path, method, route }) => section(path, method, route))];
  }));
}

start();
