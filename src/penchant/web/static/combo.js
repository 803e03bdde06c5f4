// A text field that suggests: the combobox pattern of the ARIA practices, with arrow keys, Enter and Escape.

import { calmly, fill, h } from "./dom.js";

/** `suggest(words)` gives options `{value, label, note}`; `choose(value)` is told which was taken. */
export function combo(input, list, suggest, choose) {
  let options = [];
  let active = -1;
  let turn = 0;

  const show = (open) => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  };

  const mark = (place) => {
    active = place;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
    if (place < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[place].id);
    list.children[place].scrollIntoView({ block: "nearest" });
  };

  const take = (value) => {
    show(false);
    input.value = "";
    choose(value);
  };

  const render = (given) => {
    options = given;
    fill(list, given.map(({ value, label, note }, place) =>
      h("li", { id: `${list.id}-${place}`, role: "option", "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => take(value) },
        h("span", {}, label), h("small", {}, note))));
    active = -1;
    show(given.length > 0);
  };

  const look = async () => {
    const mine = ++turn;
    const given = await suggest(input.value.trim()).catch(() => []);
    if (mine === turn && document.activeElement === input) render(given);
  };

  const keys = {
    ArrowDown: () => (list.hidden ? look() : mark((active + 1) % options.length)),
    ArrowUp: () => list.hidden || mark((active - 1 + options.length) % options.length),
    Escape: () => show(false),
    Enter: () => {
      turn++;
      if (active >= 0) take(options[active].value);
      else if (input.value.trim()) take(input.value.trim());
    },
  };
  input.addEventListener("input", calmly(look, 90));
  input.addEventListener("focus", look);
  input.addEventListener("click", () => list.hidden && look());
  input.addEventListener("blur", () => { turn++; show(false); });
  input.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.isComposing) return;
    if (event.key !== "Escape") event.preventDefault();
    keys[event.key]();
  });
}
