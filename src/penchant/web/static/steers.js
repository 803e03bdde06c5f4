// What a person asked of their lists: said in words, shown as it was understood, and undone with a button.

import { day, fill, h } from "./dom.js";
import { call } from "./wire.js";

const path = (user) => `/v1/users/${encodeURIComponent(user)}/steer`;

/** Take in what was said; gives what was understood of it, and what was not. */
export const steer = (user, text) => call("POST", path(user), { text });

const undo = (user, id) => call("DELETE", `${path(user)}/${encodeURIComponent(id)}`);

/** Show what is in force for a person; `changed(position)` is called once something is undone. */
export async function show(list, user, changed) {
  list.dataset.user = user;
  const { steers } = await call("GET", path(user));
  if (list.dataset.user !== user) return; // somebody else was chosen meanwhile
  fill(list, steers.filter((one) => one.understood.length).map((one) =>
    h("li", {},
      h("span", { class: "meant" }, one.understood.join(", ")),
      one.until && h("span", { class: "hint" }, `until ${day(one.until)}`),
      h("button", { type: "button", class: "plain", onclick: async () => changed((await undo(user, one.steer_id)).position) },
        "Undo", h("span", { class: "hidden" }, ` ${one.understood.join(", ")}`)))));
}
