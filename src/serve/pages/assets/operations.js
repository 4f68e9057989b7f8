// What is served now, and the work that goes on.

import { $, el, notice } from "./dom.js";
import { json } from "./api.js";
import { run } from "./shell.js";

function tile(name, value, isCode = false) {
  return el("div", { class: "tile" }, el("b", { class: isCode ? "code" : null }, value), el("span", {}, name));
}

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

run(async () => {
  await state();
  await jobs().catch((error) => { if (error.status !== 404) $("running").replaceChildren(notice("quiet", error.message)); });
});
