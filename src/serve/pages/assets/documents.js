// The list of documents: finding, adding, deleting.

import { $, counted, el, icon, notice } from "./dom.js";
import { ApiError, documentPage, json, may } from "./api.js";
import { run } from "./shell.js";
import { deleteDocument } from "./deletion.js";
import { follow, jobCard, jobId, reason, succeeded } from "./jobs.js";

const PER_PAGE = 50;
const KINDS = { "text/markdown": "Markdown", "text/html": "HTML", "text/plain": "Text", "application/pdf": "PDF", "text/turtle": "Turtle", "text/csv": "CSV", "application/json": "JSON", "message/rfc822": "Mail", "text/x-rst": "reStructuredText" };
let offset = 0;
let mayWrite = false;

/** A media type in words. */
export function kind(mediaType) {
  if (mediaType?.startsWith("image/")) return `${mediaType.slice(6).toUpperCase()} picture`;
  return KINDS[mediaType] ?? (mediaType?.includes("wordprocessing") ? "Word" : mediaType ?? "");
}

function date(text) {
  const time = new Date(text ?? "");
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

function row(one) {
  const version = String(one.version ?? "").split(":").pop();
  return el("tr", {},
    el("td", {}, el("a", { href: documentPage(one.id) }, one.title || one.source), el("span", { class: "where" }, one.source)),
    el("td", { class: "meta" }, kind(one.media_type)),
    el("td", { class: "meta" }, el("span", { class: one.access_label === "public" ? "badge" : "badge warn" }, one.access_label)),
    el("td", { class: "only-wide" }, el("code", { title: one.version }, version.slice(0, 10))),
    el("td", { class: "only-wide nowrap" }, date(one.ingested_at)),
    el("td", { class: "act" }, mayWrite ? el("button", { type: "button", class: "plain round small", "aria-label": `Delete ${one.title || one.source}`, onclick: async () => { if (await deleteDocument(one, $("jobs"))) list(); } }, icon("trash")) : null));
}

async function list() {
  const [query, label] = [$("search").value.trim(), $("label").value];
  const parameters = new URLSearchParams({ limit: PER_PAGE, offset, ...(query ? { query } : {}), ...(label ? { label } : {}) });
  const { total, documents } = await json(`/api/documents?${parameters}`);
  $("count").textContent = query || label ? counted(total, "match", "matches") : total ? `${counted(total, "document")} in service` : "";
  for (const name of new Set(documents.map((one) => one.access_label))) {
    if (![...$("label").options].some((option) => option.value === name)) $("label").append(el("option", { value: name }, name));
  }
  $("list").replaceChildren(documents.length ? el("div", { class: "document-table" }, el("table", {},
    el("caption", { class: "unseen" }, "Documents"),
    el("thead", {}, el("tr", {}, ["Document", "Kind", "Label"].map((name) => el("th", { scope: "col" }, name)), ["Version", "Taken in"].map((name) => el("th", { scope: "col", class: "only-wide" }, name)), el("th", { scope: "col" }, el("span", { class: "unseen" }, "Actions")))),
    el("tbody", {}, documents.map(row))))
    : el("div", { class: "empty" }, el("h2", {}, query || label ? "Nothing matches" : "No documents yet"), el("p", {}, query || label ? "Try fewer words, or another label." : mayWrite ? "Add files above, and ask about them a moment later." : "Nothing is here that you may see.")));
  const last = Math.min(offset + PER_PAGE, total);
  $("pager").hidden = total <= PER_PAGE;
  $("pager").replaceChildren(
    el("button", { type: "button", class: "small", disabled: offset === 0, onclick: () => turn(-1) }, icon("back"), "Earlier"),
    el("span", { class: "fine" }, `${offset + 1} to ${last} of ${total.toLocaleString("en")}`),
    el("button", { type: "button", class: "small", disabled: last >= total, onclick: () => turn(1) }, "Later", icon("forward")));
}

function turn(step) {
  offset = Math.max(0, offset + step * PER_PAGE);
  list().then(() => $("main").scrollIntoView());
}

/** Sends files; `fetch` tells no progress of sending, so the older interface does it. */
function upload(files, onSent) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const file of files) form.append("file", file, file.webkitRelativePath || file.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/api/documents");
    request.responseType = "json";
    request.setRequestHeader("accept", "application/json");
    request.upload.onprogress = (event) => { if (event.lengthComputable) onSent(event.loaded / event.total); };
    request.onload = () => (request.status < 300 ? resolve(request.response) : reject(new ApiError(request.status, request.response?.error?.message ?? `The server answered with status ${request.status}.`)));
    request.onerror = () => reject(new ApiError(0, "The server cannot be reached."));
    request.send(form);
  });
}

function outcome(result) {
  const parts = [["n_new", "new"], ["n_changed", "changed"], ["n_unchanged", "unchanged"]].filter(([name]) => result?.[name] > 0).map(([name, words]) => `${result[name]} ${words}`);
  if (result?.failed?.length) parts.push(`${result.failed.length} not taken in`);
  return parts.join(", ") || "Taken in";
}

/** What could not be taken in, and what was odd, each with its reason. */
function troubles(result) {
  const item = (one) => el("li", {}, notice("warn", el("strong", {}, one.source ?? ""), " ", typeof one === "string" ? one : one.reason ?? one.error ?? one.message ?? one.warning ?? ""));
  return el("ul", {}, [...(result?.failed ?? []), ...(result?.warnings ?? []).slice(0, 10)].map(item));
}

async function add(files) {
  if (!files.length) return;
  const shown = jobCard(files.length === 1 ? files[0].name : `${files.length} files`);
  $("jobs").prepend(shown.card);
  try {
    const state = await follow(jobId(await upload(files, shown.sent)), shown.state);
    if (succeeded(state)) shown.end(outcome(state.result), "good", troubles(state.result));
    else shown.end(reason(state), "bad", troubles(state.result));
    offset = 0;
    await list();
  } catch (error) {
    shown.end(error.message, "bad");
  }
}

function listenForFiles() {
  $("add").hidden = false;
  $("drop-zone").hidden = false;
  $("add").addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", () => {
    add([...$("files").files]);
    $("files").value = "";
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    $("drop-zone").classList.add("over");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop-zone").classList.remove("over"); });
  addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop-zone").classList.remove("over");
    add([...event.dataTransfer.files]);
  });
}

run(async (person) => {
  mayWrite = may(person, "WriteDocuments");
  if (mayWrite) listenForFiles();
  for (const label of person.labels ?? []) $("label").append(el("option", { value: label }, label));
  const again = () => {
    offset = 0;
    list().catch((error) => $("list").replaceChildren(notice("bad", error.message)));
  };
  let pause;
  $("search").addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(again, 180);
  });
  $("label").addEventListener("change", again);
  $("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    again();
  });
  await list();
});
