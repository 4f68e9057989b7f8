// Answers that wait until somebody approves them.

import { $, el, notice, say } from "./dom.js";
import { json, post } from "./api.js";
import { timeOf } from "./story.js";

const SHOWN = 50;

function quotes(sentences) {
  const cited = sentences.flatMap((sentence) => sentence.citations.map((citation) => el("li", {}, `[${citation.number}] “${citation.quote}”`)));
  return cited.length ? el("details", {}, el("summary", {}, "What it quotes"), el("ul", {}, cited)) : null;
}

function item(one, again) {
  const { about } = one;
  const reason = el("input", { type: "text", id: `reason-${about.answer_id}`, maxlength: 1000 });
  const decide = async (decision) => {
    try {
      await post(`/api/review/${encodeURIComponent(one.id)}`, { decision, reason: reason.value });
      say(decision === "accept" ? "The answer is released." : "The answer is not released.");
      await again();
    } catch (error) {
      $("approvals").prepend(notice("bad", error.message));
    }
  };
  return el("li", { class: "alert approval" }, el("div", {},
    el("strong", {}, about.question), el("p", {}, about.answer), about.disclaimers.map((words) => el("p", { class: "fine" }, words)), quotes(about.sentences),
    el("p", { class: "fine" }, `Asked by ${about.principal} · ${timeOf(about.asked_at) ?? about.asked_at} · held by the rule ${about.rule}`),
    el("label", { class: "field-label", for: reason.id }, "Why"), reason),
  el("span", { class: "act" },
    el("button", { type: "button", class: "small", onclick: () => decide("accept") }, "Release"),
    el("button", { type: "button", class: "small plain", onclick: () => decide("reject") }, "Do not release")));
}

/** Shows the answers that wait, each with its decision; `again` is called after one. */
export async function approvals(again) {
  const found = await json(`/api/review?kind=answers&limit=${SHOWN}`);
  $("approvals").replaceChildren(found.items.length ? el("ul", { class: "alerts" }, found.items.map((one) => item(one, again))) : "");
}
