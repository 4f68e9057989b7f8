// What generations reached on golden sets, over time.

import { el } from "./dom.js";
import { json } from "./api.js";
import { curves } from "./charts.js";
import { timeOf } from "./story.js";

const KINDS = ["first", "second", "third"];
const three = (value) => value.toFixed(3);
const date = (at) => (at ?? "").slice(0, 10);

/** A set over time; a set that was changed since is drawn on, and its versions are told in the table. */
function trend(name, list) {
  return curves({
    title: `Golden set ${name}`, most: 1, words: (value) => value.toFixed(2), labels: list.map((one) => date(one.evaluated_at)),
    curves: [["recall@5", "recall_5"], ["nDCG@10", "ndcg_10"]].map(([named, field], n) => ({ name: named, kind: KINDS[n], values: list.map((one) => one[field]) })),
  });
}

function row(one) {
  const verdict = one.passes ? el("span", { class: "badge good" }, "Passes") : el("span", { class: "badge bad", title: one.reasons.join("; ") }, "Refused");
  return el("tr", {}, el("td", {}, timeOf(one.evaluated_at) ?? one.evaluated_at), el("td", {}, el("code", {}, one.generation.slice(0, 16))),
    el("td", {}, one.set, " ", el("code", { title: `SHA-256 ${one.sha256}` }, one.sha256.slice(0, 8))), el("td", { class: "number" }, one.n_questions.toLocaleString("en")),
    el("td", { class: "number" }, three(one.recall_5)), el("td", { class: "number" }, three(one.ndcg_10)), el("td", {}, verdict, one.passes ? "" : el("p", { class: "fine" }, one.reasons.join("; "))));
}

/** Charts of every set that was asked twice, and the latest evaluations. */
export async function evaluations(table) {
  const { evaluations: found } = await json("/api/generations/evaluations");
  if (!found.length) return [el("p", { class: "fine" }, "No golden set was asked yet. ", el("code", {}, "veritrail golden add NAME FILE"), " keeps one, and every generation is asked before it answers.")];
  const sets = Map.groupBy(found.toReversed(), (one) => one.set);
  const charts = Array.from(sets).filter(([, list]) => list.length > 1).map(([name, list]) => trend(name, list.slice(-24)));
  return [charts.length ? el("div", { class: "charts" }, charts) : "", table(["When", "Generation", "Golden set", "Questions", "Recall@5", "nDCG@10", "Gate"], found.slice(0, 8).map(row))];
}
