// The record of one answer.

import { $, el, icon, notice } from "./dom.js";
import { json } from "./api.js";
import { run } from "./shell.js";
import { fragment } from "./iri.js";

const MODES = { generated: "Written by a language model, then checked", extractive: "Quoted from the documents", abstained: "Not answered" };

function facts(record) {
  const row = (name, value) => (value ? [el("dt", {}, name), el("dd", {}, value)] : []);
  const time = (text) => {
    const date = new Date(text ?? "");
    return Number.isNaN(date.getTime()) ? null : date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  };
  const { mode } = record;
  const timings = Object.entries(record.timings_ms ?? {}).sort((a, b) => b[1] - a[1]).slice(0, 6);
  return el("dl", { class: "facts" }, row("Asked by", record.principal), row("At", time(record.started_at)), row("How", MODES[mode] ?? mode),
    row("Generation", record.generation ? el("code", {}, String(record.generation).split(":").pop()) : null),
    row("Language model", record.llm?.model),
    row("Time", timings.map(([stage, duration]) => `${stage} ${duration.toFixed(0)} ms`).join(", ")));
}

function verdict(sentence) {
  if (!sentence.verdict) return null;
  const good = sentence.verdict === "supported";
  const words = good ? "Carried by its sources" : `${sentence.kept === false ? "Left out" : "Not carried"}: ${sentence.reason ?? sentence.verdict}`;
  return el("span", { class: `badge ${good ? "good" : "bad"}` }, icon(good ? "check" : "alert"), words);
}

/** A link where the interface gives one; the words alone for what is not seen. */
const linked = (link, text) => (link ? el("a", { href: link }, text) : text);

function show(record, id) {
  const { sentences = [], evidence = [] } = record;
  const title = (number) => evidence.find((item) => item.number === number)?.title ?? `source ${number}`;
  $("record").replaceChildren(
    el("section", {}, el("h2", {}, "Question"), el("blockquote", {}, record.question || "A picture"),
      record.resolved_question ? el("p", { class: "fine" }, `Understood in the conversation as: ${record.resolved_question}`) : null, facts(record)),
    record.reason ? notice("warn", record.reason) : "",
    sentences.length ? el("section", {}, el("h2", {}, "What was said, and what carries it"), el("ol", {}, sentences.map((sentence) => el("li", {}, el("p", {}, sentence.text), verdict(sentence),
      (sentence.citations ?? []).map((citation) => el("p", { class: "fine" }, el("q", {}, `“${citation.quote}”`), " ", linked(citation.link, title(citation.number)))))))) : "",
    evidence.length ? el("section", {}, el("h2", {}, "What was put before the answerer"), el("ol", {}, evidence.map((item) => el("li", {}, el("div", {}, el("strong", {}, `${item.number} · `, linked(item.link, item.title || item.fragment)), el("span", { class: "fine" }, ` ${item.source}`)),
      el("p", { class: "fine" }, `score ${Number(item.score).toPrecision(3)}, by ${item.routes.map((route) => `${route.route} (place ${route.rank})`).join(", ")}`),
      item.path?.length ? el("p", { class: "fine" }, item.path.join(" → ")) : null)))) : "",
    el("p", { class: "fine" }, "As RDF: ", el("a", { href: `/graph#view=sparql&query=${encodeURIComponent(`CONSTRUCT { ?s ?p ?o } WHERE {\n  GRAPH <urn:veritrail:answer:${id}> { ?s ?p ?o }\n}`)}` }, "see its triples")));
  $("record").focus({ preventScroll: true });
}

async function look(id) {
  $("record").replaceChildren(el("p", { class: "loading" }, "Reading the record …"));
  try {
    show(await json(`/api/answers/${encodeURIComponent(id)}`), id);
  } catch (error) {
    $("record").replaceChildren(notice("bad", error.status === 404 ? "There is no answer with this id." : error.message));
  }
}

run(async () => {
  const go = () => {
    const id = fragment().get("answer");
    if (!id) return;
    $("answer").value = id;
    look(id);
  };
  $("lookup").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = $("answer").value.trim().replace(/^urn:veritrail:answer:/, "");
    if (fragment().get("answer") === id) look(id);
    else location.hash = `#answer=${encodeURIComponent(id)}`;
  });
  addEventListener("hashchange", go);
  go();
});
