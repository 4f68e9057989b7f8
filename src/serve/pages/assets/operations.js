// What is served now, how it runs, whether it is still what it was, and the work that goes on.

import { $, counted, el, notice, say } from "./dom.js";
import { json, may, post } from "./api.js";
import { run } from "./shell.js";
import { bar } from "./charts.js";
import { figures } from "./figures.js";
import { timeOf } from "./story.js";
import { measure, watched } from "./watch.js";
import { approvals } from "./approvals.js";
import { canary } from "./canary.js";
import { evaluations } from "./evaluations.js";

function tile(name, value, isCode = false) {
  return el("div", { class: "tile" }, el("b", { class: isCode ? "code" : null }, value), el("span", {}, name));
}

const head = (...names) => el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name))));
const table = (names, rows) => el("div", { class: "figures" }, el("table", {}, head(...names), el("tbody", {}, rows)));
const time = (seconds) => (seconds === null ? "–" : seconds < 0.01 ? `${(seconds * 1000).toFixed(1)} ms` : seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`);

async function state() {
  const [health, ready, documents, entities] = await Promise.allSettled([
    json("/healthz"), fetch("/readyz").then((response) => response.ok), json("/api/documents?limit=1"), json("/api/entities?limit=1&query="),
  ]);
  $("state").replaceChildren(...[
    tile("Server", health.status === "fulfilled" ? "Running" : "Not well"),
    ready.status === "fulfilled" ? tile("For questions", ready.value ? "Ready" : "Not ready") : null,
    documents.value ? tile("Generation in service", documents.value.generation.slice(0, 16), true) : null,
    documents.value ? tile("Documents that you see", documents.value.total.toLocaleString("en")) : null,
    entities.value?.total !== undefined ? tile("Things in the graph", entities.value.total.toLocaleString("en")) : null,
  ].filter(Boolean));
}

async function jobs() {
  const answer = await json("/api/jobs");
  const list = answer.jobs;
  $("running").replaceChildren(...(list.length ? [el("h2", {}, "Work"), el("ul", { class: "jobs" }, list.slice(0, 20).map((job) => el("li", { class: "job" }, el("div", { class: "row" },
    el("strong", {}, { upload: "Taking in files", delete: "Deleting", publish: "Publishing" }[job.kind] ?? job.kind), el("code", {}, String(job.id).slice(0, 12)), el("span", { class: "grow" }), el("span", { class: "badge" }, job.status)))))] : []));
}

/** How fast it is, what is remembered, and what failed, since the server started. */
async function running() {
  const { latency, caches, errors, refusals, failures } = await figures();
  const faults = [...Array.from(errors, ([code, n]) => ["Error", code, n]), ...Array.from(refusals, ([reason, n]) => ["Refused", reason, n]), ...Array.from(failures, ([kind, n]) => ["Language model", kind, n])].filter(([, , n]) => n > 0);
  $("figures").replaceChildren(
    table(["Requests", "How many", "Median", "95 of 100 within"], latency.slice(0, 10).map((one) => el("tr", {}, el("td", {}, el("code", {}, one.route)), el("td", { class: "number" }, one.n.toLocaleString("en")), el("td", { class: "number" }, time(one.p50)), el("td", { class: "number" }, time(one.p95))))),
    table(["Cache", "Answered from it", "Look-ups"], caches.map(({ cache, hits, misses }) => el("tr", {}, el("td", {}, cache), el("td", { class: "number" }, bar(hits / Math.max(hits + misses, 1)), hits + misses ? `${Math.round((100 * hits) / (hits + misses))} %` : "–"), el("td", { class: "number" }, (hits + misses).toLocaleString("en"))))),
    faults.length ? table(["Failures", "Kind", "How many"], faults.map(([what, kind, n]) => el("tr", {}, el("td", {}, what), el("td", {}, el("code", {}, kind)), el("td", { class: "number" }, n.toLocaleString("en"))))) : el("p", { class: "fine" }, "Nothing failed and nobody was turned away."));
}

async function generations(person) {
  const { generations: kept, held } = await json("/api/generations");
  const change = async (path, body, done) => {
    try {
      await post(path, body);
      say(done);
      await Promise.all([generations(person), state()]);
    } catch (error) {
      $("generations").prepend(notice("bad", error.message));
    }
  };
  const promotable = may(person, "promote");
  const act = (one) => one.current || !one.servable || !promotable ? null
    : el("button", { type: "button", class: "small", onclick: () => change("/api/generations/promote", { generation: one.name }, "Another generation answers now.") }, "Let it answer");
  $("generations").replaceChildren(
    held ? notice("warn", `Publishing is held: ${held}`) : "",
    table(["Generation", "Built", "Documents", "Fragments", "", ""], kept.map((one) => el("tr", {}, el("td", {}, el("code", {}, one.name.slice(0, 16))), el("td", {}, timeOf(one.built_at) ?? one.built_at ?? "–"),
      el("td", { class: "number" }, one.n_documents.toLocaleString("en")), el("td", { class: "number" }, one.n_fragments.toLocaleString("en")),
      el("td", {}, one.current ? el("span", { class: "badge good" }, "Answers") : one.newest ? el("span", { class: "badge" }, "Newest") : ""), el("td", {}, act(one))))),
    promotable && kept.length > 1 ? el("div", {}, el("button", { type: "button", onclick: () => change("/api/generations/rollback", {}, "What answered before answers again.") }, "Go back to the one before")) : "");
  $("golden").replaceChildren(...await evaluations(table));
  const trial = () => canary($("canary"), table, person, trial);
  await trial();
}

async function waiting() {
  const kinds = { answers: ["answer that waits for approval", "answers that wait for approval"], merges: ["pair of entities that may be one", "pairs of entities that may be one"], depictions: ["picture with a proposed name", "pictures with a proposed name"], feedback: ["answer that a reader or the check doubts", "answers that readers or the check doubt"], drift: ["alert about drift", "alerts about drift"] };
  const totals = await Promise.all(Object.keys(kinds).map((kind) => json(`/api/review?kind=${kind}&limit=1`)));
  $("review").replaceChildren(el("ul", { class: "findings" }, Object.values(kinds).map(([one, many], n) => el("li", {}, counted(totals[n].total, one, many)))));
  await approvals(waiting);
}

/** Shows a section, or hides it when this is not for the one who asks. */
async function section(id, show) {
  try {
    await show();
    $(id).closest("section").hidden = false;
  } catch (error) {
    $(id).closest("section").hidden = error.status === 403 || error.status === 404;
    if (error.status === undefined) throw error;
    $(id).replaceChildren(notice("quiet", error.message));
  }
}

run(async (person) => {
  await state();
  $("measure").addEventListener("click", () => measure(person));
  await Promise.all([
    jobs().catch((error) => { if (error.status !== 404) $("running").replaceChildren(notice("quiet", error.message)); }),
    section("figures", running),
    section("generations", () => generations(person)),
    // It names folders and documents: for those who see every label.
    person.labels ? null : section("alerts", () => watched(person)),
    may(person, "review") ? section("review", waiting) : null,
  ]);
});
