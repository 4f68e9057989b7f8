// What a query found: as a table, as a graph, as it came.

import { counted, el, icon, save, say } from "./dom.js";
import { drawNetwork } from "./drawing.js";
import { compact, page, readable } from "./iri.js";
import { fetched } from "./query.js";

const MAX_ROWS = 1000;
const MAX_NODES = 120;
const LABELS = ["skos:prefLabel", "rdfs:label", "schema:name", "dcterms:title"];

/** Triples of N-Triples text as terms of the JSON result format. */
export function triples(text) {
  const term = /\s*(?:<([^>]*)>|_:(\S+)|"((?:[^"\\]|\\.)*)"(?:\^\^<([^>]*)>|@([\w-]+))?)/y;
  const plain = (value) => value.replace(/\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)/g, (_, c) => ({ n: "\n", r: "\r", t: "\t" })[c] ?? (/^[uU]./.test(c) ? String.fromCodePoint(parseInt(c.slice(1), 16)) : c));
  const found = [];
  for (const line of text.split("\n")) {
    if (!line.trim() || line.startsWith("#")) continue;
    term.lastIndex = 0;
    const row = ["s", "p", "o"].map((name) => {
      const match = term.exec(line);
      if (!match) return null;
      const [, iri, blank, literal, datatype, language] = match;
      return [name, iri !== undefined ? { type: "uri", value: plain(iri) } : blank !== undefined ? { type: "bnode", value: blank } : { type: "literal", value: plain(literal), datatype, "xml:lang": language }];
    });
    if (row.every(Boolean)) found.push(Object.fromEntries(row));
  }
  return found;
}

function cell(term) {
  if (!term) return el("td", {});
  if (term.type === "uri") {
    const href = page(term.value);
    return el("td", { title: term.value }, href ? el("a", { href }, readable(term.value)) : el("code", {}, compact(term.value)));
  }
  if (term.type === "bnode") return el("td", {}, el("code", {}, `_:${term.value}`));
  const kind = term["xml:lang"] ? `@${term["xml:lang"]}` : term.datatype && !term.datatype.endsWith("#string") ? compact(term.datatype).replace(/^xsd:/, "") : "";
  const number = /(integer|decimal|double|float)$/.test(term.datatype ?? "");
  return el("td", { class: number ? "number" : null }, term.value, kind && !number ? el("span", { class: "type" }, kind) : null);
}

function table(names, rows) {
  return [el("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Rows" }, el("table", {},
    el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.slice(0, MAX_ROWS).map((row) => el("tr", {}, names.map((name) => cell(row[name]))))))),
  rows.length > MAX_ROWS ? el("p", { class: "fine" }, `The first ${MAX_ROWS.toLocaleString("en")} rows. The CSV file has all of them.`) : null];
}

/** Nodes and edges of triples; names of things become labels instead of nodes. */
function network(rows) {
  const labels = new Map();
  for (const { s, p, o } of rows) if (o.type === "literal" && LABELS.includes(compact(p.value)) && !labels.has(s.value)) labels.set(s.value, o.value);
  const nodes = new Map();
  const edges = [];
  let left = 0;
  const node = (term) => {
    const id = `${term.type} ${term.value}`;
    if (!nodes.has(id)) {
      if (nodes.size >= MAX_NODES) return null;
      const label = term.type === "uri" ? labels.get(term.value) ?? readable(term.value) : term.type === "bnode" ? "(unnamed)" : term.value;
      nodes.set(id, { id, label, title: term.value, kind: term.type === "literal" ? "value" : "entity", href: term.type === "uri" ? page(term.value) : null });
    }
    return id;
  };
  for (const { s, p, o } of rows) {
    if (o.type === "literal" && LABELS.includes(compact(p.value)) && labels.get(s.value) === o.value) continue;
    const [from, to] = [node(s), node(o)];
    if (from && to) edges.push({ from, to, label: readable(p.value).replace(/^\w+:/, "") });
    else left += 1;
  }
  return { nodes: [...nodes.values()], edges, left };
}

function graph(place, rows) {
  const { nodes, edges, left } = network(rows);
  if (!nodes.length) {
    place.replaceChildren(el("p", { class: "empty" }, "There is nothing to draw."));
    return;
  }
  place.replaceChildren(drawNetwork(nodes, edges, Math.max(320, place.clientWidth)), left ? el("p", { class: "fine" }, `The first ${MAX_NODES} nodes; ${counted(left, "triple")} left out. A LIMIT makes the picture smaller.`) : "");
}

function csvOf(rows) {
  const field = (term) => `"${(term.type === "bnode" ? `_:${term.value}` : term.value).replaceAll('"', '""')}"`;
  return ["subject,predicate,object", ...rows.map(({ s, p, o }) => [s, p, o].map(field).join(","))].join("\r\n");
}

/** Shows what came back for a query. */
export function showResult(place, { text, body, isGraph, duration }) {
  const parsed = isGraph ? null : JSON.parse(body);
  const time = duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
  if (parsed && "boolean" in parsed) {
    place.replaceChildren(el("div", { class: "result-bar" }, el("strong", {}, parsed.boolean ? "Yes" : "No"), el("span", { class: "fine" }, time)));
    say(parsed.boolean ? "Yes" : "No");
    return;
  }
  const rows = isGraph ? triples(body) : parsed.results.bindings;
  const names = isGraph ? ["s", "p", "o"] : parsed.head.vars;
  const drawable = isGraph || ["s", "p", "o"].every((name) => names.includes(name));
  const count = counted(rows.length, isGraph ? "triple" : "row");
  const shown = el("div", {});
  const views = {
    Table: () => shown.replaceChildren(...table(names, rows).filter(Boolean)),
    Graph: () => graph(shown, rows.filter((row) => row.s && row.p && row.o)),
    Raw: async () => {
      const pre = el("pre", { class: "raw", tabindex: 0 }, isGraph ? "…" : JSON.stringify(parsed, null, 2));
      shown.replaceChildren(pre);
      if (isGraph) pre.textContent = await fetched(text, "text/turtle").catch(() => body);
    },
  };
  const buttons = Object.keys(views).filter((name) => name !== "Graph" || drawable).map((name) => el("button", { type: "button", role: "tab", "aria-selected": "false", onclick: () => choose(name) }, name));
  const choose = (name) => {
    for (const button of buttons) {
      const on = button.textContent === name;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    views[name]();
  };
  const bar = el("div", { class: "tabs", role: "tablist", "aria-label": "How to show the result", onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next.focus();
    choose(next.textContent);
  } }, buttons);
  const download = el("button", { type: "button", class: "small", onclick: async () => {
    save("result.csv", isGraph ? csvOf(rows) : await fetched(text, "text/csv"), "text/csv");
  } }, icon("download"), el("span", {}, "CSV"));
  place.replaceChildren(el("div", { class: "result-bar" }, bar, el("span", { class: "fine" }, `${count} in ${time}`), el("span", { class: "grow" }), download), shown);
  choose(isGraph ? "Graph" : "Table");
  say(`${count} in ${time}`);
}
