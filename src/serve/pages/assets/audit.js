// Answers found by what they rest on, and proofs about all of them.

import { $, counted, el, icon, notice, say } from "./dom.js";
import { json, may, post, send } from "./api.js";
import { run } from "./shell.js";
import { fragment } from "./iri.js";
import { MODES, showStory, timeOf } from "./story.js";

const TEXTS = ["since", "until", "principal", "document", "entity", "model", "generation"];
const FLAGS = ["unsupported", "flagged"];

function row(answer) {
  return el("tr", {},
    el("td", {}, el("a", { href: `#answer=${encodeURIComponent(answer.answer_id)}` }, answer.question || "A picture")),
    el("td", {}, answer.principal), el("td", { class: "nowrap" }, timeOf(answer.started_at) ?? answer.started_at),
    el("td", {}, el("span", { class: "badge" }, MODES[answer.mode] ?? answer.mode)));
}

function asked() {
  const parameters = new URLSearchParams();
  for (const name of TEXTS) if ($(name).value.trim()) parameters.set(name, $(name).value.trim());
  for (const name of FLAGS) if ($(name).checked) parameters.set(name, "true");
  return parameters;
}

async function search() {
  const parameters = asked();
  $("list").setAttribute("aria-busy", "true");
  try {
    const { answers } = await json(`/api/audit/answers?${parameters}&limit=100`);
    $("count").textContent = answers.length === 100 ? "The latest 100 answers that fit" : counted(answers.length, "answer");
    $("list").replaceChildren(answers.length
      ? el("div", { class: "document-table" }, el("table", {}, el("thead", {}, el("tr", {}, ["Question", "Asked by", "At", "How"].map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, answers.map(row))))
      : el("div", { class: "empty" }, el("h2", {}, "No answer fits"), el("p", {}, "Take a condition away, or ask a question first.")));
  } catch (error) {
    $("count").textContent = "";
    $("list").replaceChildren(error.status === 404 ? notice("warn", "Nothing has this name.") : notice("bad", error.message));
  } finally {
    $("list").removeAttribute("aria-busy");
  }
}

/** What a verification found, in words. */
function verified(found) {
  const facts = `${counted(found.n_records, "answer")}, ${counted(found.n_acts, "act")} and ${counted(found.n_checkpoints, "checkpoint")} compared, ${counted(found.n_bytes, "file")} read`;
  const last = found.last ? el("p", { class: "fine" }, `Last seal ${found.last[0]}, SHA-256 `, el("code", {}, found.last[1])) : null;
  if (found.is_sound) return el("div", { class: "notice sound" }, icon("check"), el("div", {}, el("strong", {}, "Every record is as it was sealed."), el("p", { class: "fine" }, facts), last));
  return notice("bad", el("strong", {}, `${counted(found.findings.length, "record or place is", "records or places are")} not as sealed. The first one:`),
    el("ul", {}, found.findings.slice(0, 20).map((one) => el("li", {}, one.sequence ? `Record ${one.sequence}: ` : "", one.problem, one.record ? el("span", { class: "fine" }, ` ${one.record}`) : null))));
}

async function verify() {
  $("verify").disabled = true;
  $("verified").replaceChildren(el("p", { class: "loading" }, "Reading all records …"));
  try {
    const found = await post("/api/audit/verify", {});
    $("verified").replaceChildren(verified(found));
    say(found.is_sound ? "Every record is as it was sealed." : "Records are not as they were sealed.");
  } catch (error) {
    $("verified").replaceChildren(notice("bad", error.message));
  } finally {
    $("verify").disabled = false;
  }
}

async function exported() {
  $("export").disabled = true;
  try {
    const response = await send("/api/audit/export");
    const link = el("a", { href: URL.createObjectURL(await response.blob()), download: "veritrail-audit.jsonl" });
    document.body.append(link);
    link.click();
    link.remove();
    say("The export is saved.");
  } catch (error) {
    $("verified").replaceChildren(notice("bad", error.message));
  } finally {
    $("export").disabled = false;
  }
}

/** Shows the list, or the answer that the address names. */
async function show(person) {
  const id = fragment().get("answer");
  $("search").hidden = Boolean(id);
  $("record").hidden = !id;
  if (id) {
    await showStory($("record"), id, person);
  } else if (!$("list").hasChildNodes()) {
    await search();
  }
}

run(async (person) => {
  const seesAll = person.labels === null || person.labels === undefined;
  for (const name of ["verify", "export"]) $(name).hidden = !seesAll;
  document.querySelector(".for-all").hidden = !seesAll;
  $("verify").addEventListener("click", verify);
  $("export").addEventListener("click", exported);
  $("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = $("answer").value.trim().replace(/^urn:veritrail:answer:/, "");
    if (id) location.hash = `#answer=${encodeURIComponent(id)}`;
    else search();
  });
  $("filters").addEventListener("reset", () => setTimeout(search));
  addEventListener("hashchange", () => show(person));
  for (const name of [...TEXTS]) if (fragment().get(name)) $(name).value = fragment().get(name);
  await show(person);
  document.body.dataset.erases = String(may(person, "Administer"));
});
