// A text field for SPARQL: colours under the text, line numbers, completion of terms.

import { $, el } from "./dom.js";
import { compact, PREFIXES } from "./iri.js";

const KEYWORDS = "ASK AS ASC BASE BIND BY CONSTRUCT COUNT DESC DESCRIBE DISTINCT EXISTS FILTER FROM GRAPH GROUP HAVING IN LIMIT MINUS NAMED NOT OFFSET OPTIONAL ORDER PREFIX REDUCED SELECT SERVICE UNDEF UNION VALUES WHERE AVG MIN MAX SUM SAMPLE GROUP_CONCAT SEPARATOR COALESCE IF BOUND STR LANG LANGMATCHES DATATYPE IRI BNODE REGEX CONTAINS STRSTARTS STRENDS STRLEN LCASE UCASE REPLACE CONCAT isIRI isLiteral isBlank YEAR NOW".split(" ");
const TOKENS = new RegExp([
  "(?<c>#[^\\n]*)", "(?<i><[^<>\"{}|^`\\\\\\s]*>)", "(?<s>\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])*')",
  "(?<v>[?$]\\w+)", "(?<q>[A-Za-z_][\\w.-]*:[\\w.%-]*|:[\\w.%-]+)", "(?<w>[A-Za-z_]\\w*)",
].join("|"), "g");
const UPPER = new Set(KEYWORDS.map((word) => word.toUpperCase()));

/** Terms that the ontology and the data use. Data is sampled, so that a large graph is not
    read as a whole. */
const ASKED = [
  `SELECT DISTINCT ?term ?label ?kind WHERE {
    VALUES (?class ?kind) { (owl:Class "class") (rdfs:Class "class") (rdf:Property "property") (owl:ObjectProperty "property") (owl:DatatypeProperty "property") }
    ?term a ?class . OPTIONAL { ?term rdfs:label ?label } } LIMIT 2000`,
  `SELECT DISTINCT ?term ("property" AS ?kind) WHERE { { SELECT ?term WHERE { ?s ?term ?o } LIMIT 60000 } } LIMIT 500`,
  `SELECT DISTINCT ?term ("class" AS ?kind) WHERE { { SELECT ?term WHERE { ?s a ?term } LIMIT 60000 } } LIMIT 500`,
].map((query) => `PREFIX owl: <http://www.w3.org/2002/07/owl#>\n${query}`);

function colour(text) {
  const pieces = [];
  let at = 0;
  for (const token of text.matchAll(TOKENS)) {
    const { c, i, s, v, q, w } = token.groups;
    const kind = c ? "c" : i || q ? "i" : s ? "s" : v ? "v" : w && (UPPER.has(w.toUpperCase()) || w === "a") ? "k" : null;
    if (!kind) continue;
    pieces.push(text.slice(at, token.index), el("span", { class: kind }, token[0]));
    at = token.index + token[0].length;
  }
  pieces.push(text.slice(at), "\n");
  return pieces;
}

async function termsOf(query) {
  const terms = new Map();
  for (const text of ASKED) {
    try {
      for (const row of JSON.parse(await query(text)).results.bindings) {
        const iri = row.term.value;
        if (row.term.type !== "uri") continue;
        const short = compact(iri);
        const known = terms.get(iri);
        terms.set(iri, { text: short === iri ? `<${iri}>` : short, hint: known?.hint || row.label?.value || row.kind.value, kind: row.kind.value });
      }
    } catch {
      // What one query does not tell, another may.
    }
  }
  return [...terms.values()].sort((a, b) => a.text.localeCompare(b.text));
}

/** Makes the editor of the page work. */
export function editor({ run, query }) {
  const [field, colours, lines, list] = [$("sparql"), $("colours"), $("lines"), $("terms")];
  let terms = [];
  let chosen = 0;
  let offered = [];

  const draw = () => {
    colours.replaceChildren(...colour(field.value));
    lines.textContent = Array.from({ length: field.value.split("\n").length }, (_, n) => n + 1).join("\n");
    scroll();
  };
  const scroll = () => {
    colours.scrollTop = field.scrollTop;
    colours.scrollLeft = field.scrollLeft;
    lines.scrollTop = field.scrollTop;
  };
  const close = () => {
    list.hidden = true;
    offered = [];
    field.removeAttribute("aria-activedescendant");
  };
  /** The word before the caret. */
  const word = () => /[?$<]?[\w:.\/#-]*$/.exec(field.value.slice(0, field.selectionStart))[0];

  const candidates = (typed, asked) => {
    const low = typed.toLowerCase();
    if (/^[?$]/.test(typed)) {
      const names = new Set((field.value.match(/[?$]\w+/g) ?? []).filter((name) => name !== typed));
      return [...names].filter((name) => name.startsWith(typed)).map((text) => ({ text, hint: "variable" }));
    }
    if (!typed && !asked) return [];
    const prefixes = Object.entries(PREFIXES).map(([prefix, namespace]) => ({ text: `${prefix}:`, hint: namespace }));
    const words = typed.includes(":") ? [] : KEYWORDS.map((text) => ({ text, hint: "keyword" }));
    const all = [...words, ...prefixes, ...terms];
    const starts = all.filter((one) => one.text.toLowerCase().startsWith(low));
    const local = terms.filter((one) => !starts.includes(one) && low.length > 1 && (one.text.split(":").pop().toLowerCase().startsWith(low) || one.hint.toLowerCase().includes(low)));
    return [...starts, ...local].filter((one) => one.text !== typed);
  };

  const place = () => {
    const style = getComputedStyle(field);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const before = field.value.slice(0, field.selectionStart - word().length).split("\n");
    const left = lines.offsetWidth + 14 + pen.measureText(before.at(-1)).width - field.scrollLeft;
    list.style.left = `${Math.max(8, Math.min(left, field.clientWidth + lines.offsetWidth - list.offsetWidth - 8))}px`;
    list.style.top = `${12 + before.length * parseFloat(style.lineHeight) - field.scrollTop + 2}px`;
  };
  const choose = (n) => {
    chosen = (n + offered.length) % offered.length;
    for (const [k, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(k === chosen));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", `term-${chosen}`);
  };
  const take = (n) => {
    const typed = word();
    const end = field.selectionStart;
    field.setRangeText(offered[n].text, end - typed.length, end, "end");
    close();
    draw();
    field.focus();
  };
  const offer = (asked) => {
    const typed = word();
    offered = candidates(typed, asked).slice(0, 60);
    if (!offered.length || (!asked && typed.length < 2)) {
      close();
      return;
    }
    list.replaceChildren(...offered.map((one, n) => el("li", { role: "option", id: `term-${n}`, "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); take(n); } }, one.text, el("small", {}, one.hint))));
    list.hidden = false;
    place();
    choose(0);
  };

  field.addEventListener("input", () => { draw(); offer(false); });
  field.addEventListener("scroll", scroll);
  field.addEventListener("blur", close);
  field.addEventListener("click", close);
  field.addEventListener("focus", () => { if (!terms.length) termsOf(query).then((found) => { terms = found; field.dataset.terms = String(found.length); }); }, { once: true });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      close();
      run();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      offer(true);
    } else if (offered.length) {
      const act = { ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1), Enter: () => take(chosen), Escape: close }[event.key];
      if (act) {
        event.preventDefault();
        event.stopPropagation();
        act();
      } else if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") close();
    }
  });
  return {
    text: () => field.value,
    set: (text) => {
      field.value = text;
      close();
      draw();
    },
  };
}
