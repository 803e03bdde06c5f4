// Elements from data. Whatever comes from outside becomes a text node or a property, never markup.

export const $ = (id) => document.getElementById(id);

/** Make an element: `h("p", {class: "hint"}, "some ", h("em", {}, "text"))`. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Put these children in place of whatever was there. */
export const fill = (element, ...children) => element.replaceChildren(...children.flat());

export const number = (value, digits = 2) =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const whole = (value) => new Intl.NumberFormat().format(value);

const dates = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export const day = (iso) => dates.format(new Date(iso));
export const moment = (iso) => h("time", { datetime: iso, title: new Date(iso).toLocaleString() }, hours.format(new Date(iso)));

export const titled = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** Call `work` once the calls have paused. */
export function calmly(work, pause = 140) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), pause);
  };
}
