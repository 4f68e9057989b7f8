// Drift: alerts that wait, what was compared, how answers fared, and the state of the index.

import { $, counted, el, notice, say } from "./dom.js";
import { json, may, post } from "./api.js";
import { bar, curves } from "./charts.js";
import { timeOf } from "./story.js";

const NAMES = {
  embeddings: "Meaning", "top-scores": "Best scores", "low-scores": "Little found", "unknown-words": "Unknown words", languages: "Languages", modalities: "Text and pictures",
  "stale-documents": "Stale documents", "orphaned-entities": "Orphaned entities", "shape-violations": "Violations of shapes", "labels-of-copies": "Labels of copies",
};
const percent = (share) => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const named = (measure) => NAMES[measure] ?? measure;
const head = (...names) => el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name))));
const table = (names, rows) => el("div", { class: "figures" }, el("table", {}, head(...names), el("tbody", {}, rows)));
const date = (at) => (at ?? "").slice(0, 10);

function alert(one, person, again) {
  const decide = async (decision) => {
    try {
      await post(`/api/review/${encodeURIComponent(`drift:${one.id.split(":").pop()}`)}`, { decision });
      say(decision === "accept" ? "The alert is accepted." : "The alert is rejected.");
      await again();
    } catch (error) {
      $("alerts").prepend(notice("bad", error.message));
    }
  };
  const buttons = may(person, "review") ? el("span", { class: "act" },
    el("button", { type: "button", class: "small", onclick: () => decide("accept") }, "Seen to"),
    el("button", { type: "button", class: "small plain", onclick: () => decide("reject") }, "False alarm")) : null;
  return el("li", { class: "alert" }, el("div", {}, el("strong", {}, `${named(one.measure)} of ${one.of}`), el("p", { class: "fine" }, `${one.seen} · ${timeOf(one.found_at) ?? one.found_at}`)), buttons);
}

function alerts(found, person, again) {
  const open = found.alerts.filter((one) => !one.decided);
  const past = found.alerts.filter((one) => one.decided).slice(0, 5);
  $("alerts").replaceChildren(
    open.length ? el("ul", { class: "alerts" }, open.map((one) => alert(one, person, again))) : el("p", { class: "fine" }, "Nothing that drifted waits for a person."),
    past.length ? el("p", { class: "fine" }, "Decided lately: ", past.map((one) => `${named(one.measure)} of ${one.of} (${one.decided.status})`).join("; ")) : "");
}

function part(one) {
  const rows = one.shifts.map((shift) => el("tr", {}, el("td", {}, named(shift.kind ?? shift.measure.kind)), el("td", { class: "seen" }, shift.seen), el("td", { class: "number" }, shift.p_value.toFixed(3)),
    el("td", {}, shift.alarm ? el("span", { class: "badge bad" }, "Drift") : el("span", { class: "badge good" }, "As before"))));
  return [el("h3", {}, `${one.of[0].toUpperCase()}${one.of.slice(1)}`), el("p", { class: "fine" }, `${one.n_current} now, ${one.n_reference} before`), table(["Measure", "Seen", "p", ""], rows)];
}

function windows(found) {
  const history = found.measurements.slice().reverse().filter((one) => one.p_value !== null);
  const chart = history.length > 1 ? curves({
    title: "Smallest p of each measurement", most: 1, words: (value) => value.toFixed(1), labels: history.map((one) => date(one.measured_at)),
    curves: [{ name: "p", kind: "first", values: history.map((one) => one.p_value) }],
  }) : "";
  $("windows").replaceChildren(found.drift.parts.length ? el("div", { class: "parts" }, found.drift.parts.map(part)) : el("p", { class: "fine" }, "There are too few answers and documents to compare yet."), chart);
}

function trend(points) {
  if (!points.length) return $("trend").replaceChildren(el("p", { class: "fine" }, "Nothing was answered yet."));
  const labels = points.map((point) => date(point.from));
  const of = (name) => points.map((point) => point[name]);
  return $("trend").replaceChildren(el("div", { class: "charts" },
    curves({ title: "Share of answers", words: percent, labels, most: 1, curves: [
      { name: "without an answer", kind: "first", values: of("abstained") }, { name: "not supported", kind: "second", values: of("unsupported") }, { name: "flagged", kind: "third", values: of("flagged") }] }),
    curves({ title: "Time of an answer", words: (ms) => (ms >= 1000 ? `${ms / 1000} s` : `${Math.round(ms)} ms`), labels, curves: [
      { name: "median", kind: "first", values: of("p50_ms") }, { name: "95 of 100 within", kind: "second", values: of("p95_ms") }] })));
}

function slices(list) {
  const shown = list.filter((slice) => slice.n_answers > 1);
  const share = (own, other) => el("td", { class: "number" }, bar(own), `${percent(own)} `, el("span", { class: "fine" }, `(${percent(other)})`));
  $("slices").replaceChildren(shown.length ? table(["Answers of", "How many", "Without an answer (elsewhere)", "Not supported (elsewhere)", "Flagged (elsewhere)", ""], shown.map((slice) => el("tr", {},
    el("td", {}, `${slice.kind} `, el("strong", {}, slice.value)), el("td", { class: "number" }, slice.n_answers.toLocaleString("en")),
    share(slice.abstained, slice.abstained_elsewhere), share(slice.unsupported, slice.unsupported_elsewhere), share(slice.flagged, slice.flagged_elsewhere),
    el("td", {}, slice.differs ? el("span", { class: "badge warn" }, "Differs") : slice.p_value === null ? el("span", { class: "badge" }, "Too few") : el("span", { class: "badge good" }, "Alike")))))
    : el("p", { class: "fine" }, "Nothing was answered yet."));
}

function index(state) {
  const one = (name, counted_, what) => el("li", {}, el("strong", {}, `${name}: ${counted_.n.toLocaleString("en")}`), counted_.first.length ? el("details", {}, el("summary", {}, what), el("ul", {}, counted_.first.map((text) => el("li", {}, text)))) : null);
  const copies = { n: state.n_copies, first: state.copies.map((pair) => `${pair.sources[0]} and ${pair.sources[1]}: ${percent(pair.likeness)} alike${pair.labels_differ ? ", with different access labels" : ""}`) };
  $("index").replaceChildren(el("ul", { class: "findings" },
    one("Stale documents", state.stale, "The oldest"), one("Orphaned entities", state.orphaned_entities, "The first"), one("Violations of shapes", state.violations, "The first"), one("Pairs of copies", copies, "The most alike"),
    state.n_labels_differ ? el("li", {}, el("span", { class: "badge bad" }, `${counted(state.n_labels_differ, "pair")} with different access labels`)) : null));
}

/** Shows what was measured last. */
export async function watched(person) {
  const again = () => watched(person);
  const found = await json("/api/drift");
  alerts(found, person, again);
  const { drift } = found;
  $("measured").textContent = drift ? `Measured ${timeOf(drift.measured_at) ?? drift.measured_at}.` : "Not measured since the server started.";
  for (const id of ["drift-parts", "quality-parts", "index-parts"]) $(id).hidden = !drift;
  if (!drift) return;
  windows(found);
  trend(drift.trend);
  slices(drift.slices);
  index(found.index);
}

/** Measures now. */
export async function measure(person) {
  $("measure").disabled = true;
  $("measured").textContent = "Comparing what is asked and known with before …";
  try {
    await post("/api/drift", {});
    say("Drift is measured.");
  } catch (error) {
    $("alerts").prepend(notice("bad", error.message));
  } finally {
    $("measure").disabled = false;
  }
  await watched(person);
}
