// The API, asked politely: a problem document becomes an error with its detail, a 503 is asked again once, and where a
// key is needed the person is asked for it.

import { authorised, wanted } from "./key.js";

const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

async function send(method, path, body) {
  const headers = authorised(body === undefined ? {} : { "Content-Type": "application/json" });
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error("The server cannot be reached.");
  }
}

export async function call(method, path, body) {
  let answer = await send(method, path, body);
  if (answer.status === 503) {
    await sleep(Number(answer.headers.get("Retry-After")) || 1);
    answer = await send(method, path, body);
  }
  const document = await answer.json();
  if (answer.status === 401 || answer.status === 403) {
    await wanted(document.detail);
    return call(method, path, body);
  }
  if (!answer.ok) throw new Error(document.detail || document.title);
  return document;
}

/** Ask with parameters; lists are repeated. */
export function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) for (const one of [value].flat()) query.append(name, one);
  return call("GET", query.size ? `${path}?${query}` : path);
}

export const recommend = (question) => call("POST", "/v1/recommend", question);

export const tell = (event) => call("POST", "/v1/events", { events: [event] });

export const why = (slate, item) => get(`/v1/slates/${encodeURIComponent(slate)}`, { item_id: item });
