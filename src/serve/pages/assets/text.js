// Places in texts. The interface counts code points; JavaScript counts UTF-16 units.

import { el } from "./dom.js";

/** The index in `text` of a code point, counted on from a known pair. */
function unitOf(text, codePoint, from = { point: 0, unit: 0 }) {
  let { point, unit } = from;
  while (point < codePoint && unit < text.length) {
    unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
    point += 1;
  }
  return { point, unit };
}

/** Cuts a text at code points: before, the stretch itself, and after. */
export function cut(text, start, end) {
  const first = unitOf(text, start);
  const last = unitOf(text, Math.max(start, end), first);
  return { before: text.slice(0, first.unit), quote: text.slice(first.unit, last.unit), after: text.slice(last.unit) };
}

/** The end of a text that stands right before something, from the start of a line or word. */
function nearEnd(text, length) {
  if (text.length <= length) return { text, cut: false };
  const tail = text.slice(-length);
  const line = tail.search(/\n\s*\S/);
  const from = line >= 0 && line < length / 2 ? line + 1 : Math.max(0, tail.search(/\s/));
  return { text: tail.slice(from).replace(/^\s+/, ""), cut: true };
}

function nearStart(text, length) {
  if (text.length <= length) return { text, cut: false };
  const head = text.slice(0, length);
  const line = head.lastIndexOf("\n");
  const to = line > length / 2 ? line : head.lastIndexOf(" ");
  return { text: head.slice(0, to > 0 ? to : length).trimEnd(), cut: true };
}

/** A stretch with its surroundings. */
export function passage(text, start, end, around = 700) {
  const parts = cut(text, start, end);
  return { before: nearEnd(parts.before, around), quote: parts.quote, after: nearStart(parts.after, around) };
}

/** Pieces of a text in which headings and rows of tables look like what they are. Not one
    character is added or taken away, so that what is marked is what was quoted. */
export function styled(text) {
  const pieces = [];
  for (const line of text.split(/(?<=\n)/)) {
    const kind = /^#{1,6} /.test(line) ? "line-heading" : /^\|.*\|\s*$/.test(line) ? "line-table" : null;
    const last = pieces[pieces.length - 1];
    if (last && last.kind === kind) last.text += line;
    else pieces.push({ kind, text: line });
  }
  return pieces.map(({ kind, text: piece }) => (kind ? el("span", { class: kind }, piece) : piece));
}
