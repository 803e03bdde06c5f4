// The key that a server may ask for: kept for this tab alone, sent to this server alone, never put into an address.

import { h } from "./dom.js";

const NAME = "penchant-key";
let asking = null;

/** Headers with the key, if there is one. */
export function authorised(headers) {
  const key = sessionStorage.getItem(NAME);
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
}

/** Ask for a key; settles once one was entered. Whoever else needs one meanwhile waits for the same. */
export function wanted(why) {
  asking ||= new Promise((done) => {
    const field = h("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", maxlength: "200", required: true });
    const form = h("form", { class: "field key" }, h("label", { for: "key" }, "A key is needed"), field, h("button", { type: "submit" }, "Enter"), h("p", { class: "hint" }, why));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!/^[\x21-\x7e]+$/.test(field.value.trim())) return field.select(); // no key, and no header either
      sessionStorage.setItem(NAME, field.value.trim());
      form.remove();
      asking = null;
      return done();
    });
    document.querySelector("main").prepend(form);
    field.focus();
  });
  return asking;
}
