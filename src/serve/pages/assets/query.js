// Writing and running SPARQL.

import { $, copy, el, notice, say } from "./dom.js";
import { send } from "./api.js";
import { editor } from "./editor.js";
import { EXAMPLES } from "./examples.js";
import { PREFIXES } from "./iri.js";
import { showResult } from "./result.js";

let written;
let running = null;

/** The form of a query, which decides what can come back. */
export function form(text) {
  const plain = text.replace(/<[^<>\s]*>|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, "").replace(/#[^\n]*/g, "");
  return /\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b/i.exec(plain)?.[1].toUpperCase() ?? "SELECT";
}

/** Sends a query and gives the text that comes back. */
export async function fetched(text, accept, signal) {
  const response = await send("/sparql", { method: "POST", signal, headers: { "content-type": "application/sparql-query", accept }, body: text });
  return response.text();
}

const address = (text) => `#view=sparql&query=${encodeURIComponent(text)}`;

function buttonShows(runs) {
  $("run").querySelector("span").textContent = runs ? "Stop" : "Run";
  $("run").querySelector("use").setAttribute("href", $("run").querySelector("use").getAttribute("href").replace(/#.*/, runs ? "#stop" : "#run"));
}

async function execute() {
  if (running) {
    running.abort();
    return;
  }
  const text = written.text();
  if (!text.trim()) return;
  history.replaceState(null, "", address(text));
  running = new AbortController();
  buttonShows(true);
  const kind = form(text);
  const isGraph = kind === "CONSTRUCT" || kind === "DESCRIBE";
  const begun = performance.now();
  $("result").replaceChildren(el("p", { class: "loading" }, "Running …"));
  try {
    const body = await fetched(text, isGraph ? "application/n-triples" : "application/sparql-results+json", running.signal);
    showResult($("result"), { text, body, isGraph, duration: performance.now() - begun });
  } catch (error) {
    const words = error.name === "AbortError" ? "Stopped." : error.message;
    $("result").replaceChildren(notice(error.name === "AbortError" ? "quiet" : "bad", el("strong", {}, error.name === "AbortError" ? "" : error.status === 400 ? "The query is not right" : "The query failed"), el("pre", {}, words)));
    say(words);
  } finally {
    running = null;
    buttonShows(false);
  }
}

/** Shows a query from a link, and runs it: queries change nothing. */
export function openQuery(text) {
  if (written.text() === text && $("result").childElementCount > 0) return;
  written.set(text);
  execute();
}

/** Makes the editor ready. */
export function startQueries() {
  written = editor({ run: execute, query: (text) => fetched(text, "application/sparql-results+json") });
  written.set(EXAMPLES[0].text);
  $("examples").append(...EXAMPLES.map((example, n) => el("option", { value: n }, example.name)));
  $("examples").addEventListener("change", () => {
    const example = EXAMPLES[Number($("examples").value)];
    if ($("examples").value !== "" && example) written.set(example.text);
  });
  $("run").addEventListener("click", execute);
  $("share").addEventListener("click", () => copy(`${location.origin}/graph${address(written.text())}`, "The link is copied.").then((done) => {
    if (!done) return;
    const label = $("share").querySelector("span");
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = "Copy link"; }, 1600);
  }));
  $("prefixes").append(...Object.entries(PREFIXES).flatMap(([prefix, namespace]) => [el("dt", {}, el("code", {}, `${prefix}:`)), el("dd", {}, namespace)]));
  $("show-prefixes").addEventListener("click", () => {
    $("prefixes").hidden = !$("prefixes").hidden;
    $("show-prefixes").setAttribute("aria-expanded", String(!$("prefixes").hidden));
  });
}

