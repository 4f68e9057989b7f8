// Elements without HTML strings: text is always text, so nothing from a document, a model
// or a graph can become markup.

const SVG = "http://www.w3.org/2000/svg";
const assets = new URL(".", import.meta.url).pathname;

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      node.addEventListener(name.slice(2), value);
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element. Attributes that are functions named `on…` listen to events. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** A picture of the sprite, for the eye only. */
export function icon(name) {
  return svg("svg", { "aria-hidden": "true" }, svg("use", { href: `${assets}icons.svg#${name}` }));
}

export const $ = (id) => document.getElementById(id);

/** Says a sentence to screen readers. */
export function say(text) {
  const place = $("said");
  if (place) place.textContent = text;
}

/** A message in a box. Kinds: `warn`, `bad`, `quiet`, or none. */
export function notice(kind, ...children) {
  const mark = kind === "bad" || kind === "warn" ? icon("alert") : null;
  return el("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null }, mark, el("div", {}, ...children));
}

/** `1 document`, `2 documents`. */
export function counted(n, word, plural = `${word}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? word : plural}`;
}

/** Shortens a label for a drawing; the whole one belongs into a `title`. */
export function shortened(text, length) {
  const points = Array.from(text);
  return points.length <= length ? text : `${points.slice(0, length - 1).join("").trimEnd()}…`;
}

/** Lets the browser save a text or blob under a name. */
export function save(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Copies a text; says whether that worked. */
export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
    return true;
  } catch {
    say("The browser does not allow copying here.");
    return false;
  }
}

/** Moves focus through tabs with the arrow keys, and shows the panel of the chosen one. */
export function tabs(list, onChoose) {
  const all = Array.from(list.querySelectorAll('[role="tab"]'));
  const choose = (tab, focus) => {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      const panel = $(other.getAttribute("aria-controls"));
      if (panel) panel.hidden = !chosen;
    }
    if (focus) tab.focus();
    onChoose?.(tab);
  };
  for (const [n, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab, false));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      choose(all[(n + step + all.length) % all.length], true);
    });
  }
  return choose;
}
