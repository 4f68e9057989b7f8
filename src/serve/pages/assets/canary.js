// A generation on trial, beside the one that answers the rest.

import { el, notice, say } from "./dom.js";
import { json, may, post } from "./api.js";
import { timeOf } from "./story.js";

const NAMES = { abstention: "Without an answer", support: "All sentences carried", "bad feedback": "Bad feedback", latency: "Time of an answer" };
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const value = (one, side) => (one[side] === null ? "–" : one.measure === "latency" ? `${Math.round(one[side])} ms` : percent(one[side]));

/** How the canary differs, with its interval. */
function change({ measure, change: by }) {
  if (!by) return "too few";
  if (measure === "latency") return `${by.estimate.toFixed(2)} times (${by.low.toFixed(2)} to ${by.high.toFixed(2)})`;
  const points = (number) => `${number > 0 ? "+" : number < 0 ? "−" : ""}${Math.abs(number * 100).toFixed(1)}`;
  return `${points(by.estimate)} points (${points(by.low)} to ${points(by.high)})`;
}

const allowed = ({ measure, allowed: most }) => (measure === "latency" ? `${most.toFixed(2)} times` : `${most > 0 ? "+" : "−"}${Math.abs(most * 100).toFixed(1)} points`);

function ending(canary, person, again, place) {
  if (canary.ended) return el("p", {}, el("span", { class: canary.ended.by === "rule" ? "badge bad" : "badge" }, canary.ended.outcome), ` ${timeOf(canary.ended.at) ?? canary.ended.at} by ${canary.ended.by}`, canary.ended.reasons.length ? `: ${canary.ended.reasons.join("; ")}` : ".");
  if (!may(person, "promote")) return "";
  const stop = async () => {
    try {
      await post("/api/generations/canary/stop", {});
      say("The trial is over.");
      await again();
    } catch (error) {
      place.prepend(notice("bad", error.message));
    }
  };
  return el("div", {}, el("button", { type: "button", onclick: stop }, "End the trial"));
}

/** What a trial has shown; nothing when there never was one. */
export async function canary(place, table, person, again) {
  const { running, canary: trial } = await json("/api/generations/canary");
  if (!trial) return place.replaceChildren();
  const { counts } = trial;
  place.replaceChildren(
    el("h3", {}, running ? "On trial" : "Tried last"),
    el("p", {}, el("code", {}, trial.generation.slice(0, 16)), ` ${running ? "answers" : "answered"} ${percent(trial.share)} of the askers, `, el("code", {}, trial.against.slice(0, 16)),
      ` the rest, since ${timeOf(trial.started_at) ?? trial.started_at}, begun by ${trial.started_by}${trial.reason ? `: ${trial.reason}` : "."}`),
    table(["", "The rest", "On trial", "Change, 95 % interval", "Allowed"], [
      el("tr", {}, el("td", {}, "Answers"), el("td", { class: "number" }, counts.current.n_answers.toLocaleString("en")), el("td", { class: "number" }, counts.canary.n_answers.toLocaleString("en")), el("td", {}), el("td", {})),
      ...trial.compared.map((one) => el("tr", {}, el("td", {}, NAMES[one.measure] ?? one.measure), el("td", { class: "number" }, value(one, "current")), el("td", { class: "number" }, value(one, "canary")), el("td", { class: "number" }, change(one)), el("td", { class: "number" }, allowed(one)))),
      el("tr", {}, el("td", {}, "Failures of its own"), el("td", {}), el("td", { class: "number" }, counts.canary.n_failures.toLocaleString("en")), el("td", {}), el("td", {})),
    ]),
    trial.overlap ? el("p", { class: "fine" }, `Both find ${percent(trial.overlap.estimate)} of the same documents (${percent(trial.overlap.low)} to ${percent(trial.overlap.high)}).`) : "",
    ending(trial, person, again, place));
}
