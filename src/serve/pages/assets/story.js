// The story of one answer: what was said beside what it rests on, and its proofs.

import { $, el, icon, notice, say } from "./dom.js";
import { json, may, post } from "./api.js";
import { cut } from "./text.js";
import { drawTrail } from "./trail.js";

export const MODES = { generated: "Written and checked", extractive: "Quoted", abstained: "Not answered", refused: "Refused by a rule" };

/** A time for people; none when there is none. */
export function timeOf(text) {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? null : date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

const last = (iri) => String(iri ?? "").split(":").pop();

function facts(story) {
  const row = (name, value) => (value && value.length !== 0 ? [el("dt", {}, name), el("dd", {}, value)] : []);
  const timings = Object.entries(story.timings_ms ?? {}).sort((a, b) => b[1] - a[1]).slice(0, 6);
  const { llm } = story;
  return el("dl", { class: "facts" }, row("Asked by", story.principal), row("For", story.end_user), row("At", timeOf(story.started_at)),
    row("How", MODES[story.mode] ?? story.mode), row("Generation", story.generation ? el("code", {}, last(story.generation)) : null),
    row("Models", (story.models ?? []).map((model) => el("div", {}, model))),
    row("Language model", llm ? `${llm.model}, prompt SHA-256 ${llm.prompt_sha256}` : null),
    row("Settings", story.parameters ? el("code", {}, last(story.parameters)) : null),
    row("Policy", story.policy ? el("code", {}, last(story.policy)) : null),
    row("Rules", (story.rules ?? []).map((rule) => el("div", {}, `${rule.rule}: ${rule.effect} (${rule.n})`))),
    row("Below it", (story.disclaimers ?? []).map((words) => el("div", {}, words))),
    row("Approval", story.held_by ? (story.approvals?.length ? story.approvals.map((one) => el("div", {}, `${one.status} by ${one.principal}, ${timeOf(one.decided_at)}${one.reason ? `: ${one.reason}` : ""}`)) : "Waits") : null),
    row("Program", story.software), row("Time", timings.map(([stage, duration]) => `${stage} ${duration.toFixed(0)} ms`).join(", ")));
}

function seal(story) {
  if (!story.seal) return notice("warn", "This record has no seal: it was written before records were sealed.");
  const good = story.is_as_sealed === true;
  return el("div", { class: `notice ${good ? "sound" : "bad"}`, id: "seal" }, icon(good ? "check" : "alert"), el("div", {},
    el("strong", {}, good ? "The record is as it was sealed" : "The record is not what was sealed"), story.seal.adopted ? ", from before records were sealed" : "", el("p", { class: "fine" }, `Place ${story.seal.sequence} in the chain, SHA-256 `, el("code", {}, story.seal.sha256))));
}

function verdict(sentence) {
  if (!sentence.verdict) return null;
  const good = sentence.verdict === "supported";
  const words = good ? "Carried by its sources" : `${sentence.kept === false ? "Left out" : "Not carried"}: ${sentence.reason ?? sentence.verdict}`;
  return el("span", { class: `badge ${good ? "good" : "bad"}` }, icon(good ? "check" : "alert"), words);
}

/** The text of evidence with everything marked that was quoted from it. */
function marked(item, quotes) {
  const parts = [];
  let [at, rest] = [0, item.text];
  for (const quote of quotes) {
    if (quote.start < at || quote.end <= quote.start) continue;
    const pieces = cut(rest, quote.start - at, quote.end - at);
    parts.push(pieces.before, el("mark", {}, pieces.quote));
    [at, rest] = [quote.end, pieces.after];
  }
  return [...parts, rest];
}

function evidenceCard(item, quotes) {
  const title = item.title || item.source;
  return el("li", { id: `evidence-${item.number}`, class: `evidence${quotes.length ? " quoted" : ""}`, tabindex: -1 },
    el("h3", {}, el("span", { class: "chip", "aria-hidden": "true" }, item.number), " ", el("span", { class: "unseen" }, `Source ${item.number}: `), item.link ? el("a", { href: item.link }, title) : title),
    el("p", { class: "fine" }, item.source, item.page ? `, page ${item.page}` : "", item.section ? ` · ${item.section}` : ""),
    item.picture_link ? el("img", { class: "evidence-picture", src: item.picture_link, alt: title, loading: "lazy" }) : null,
    el("p", { class: "passage" }, marked(item, quotes)),
    el("p", { class: "fine" }, `Score ${Number(item.score).toPrecision(3)}, by ${item.routes.map((route) => `${route.route} (place ${route.rank})`).join(", ")}`),
    el("p", { class: "fine" }, "Version ", el("code", {}, last(item.version))));
}

function showEvidence(number) {
  const card = $(`evidence-${number}`);
  if (!card) return;
  for (const other of document.querySelectorAll(".evidence.chosen")) other.classList.remove("chosen");
  card.classList.add("chosen");
  card.scrollIntoView({ block: "nearest" });
  card.focus({ preventScroll: true });
}

function sentenceItem(sentence) {
  const numbers = [...new Set((sentence.citations ?? []).map((citation) => citation.number))];
  return el("li", { class: sentence.kept === false ? "left-out" : null }, el("p", {}, sentence.text, " ",
    numbers.map((number) => el("button", { type: "button", class: "chip", "aria-label": `Show source ${number}`, onclick: () => showEvidence(number) }, number))), verdict(sentence));
}

function replayed(found) {
  const list = (items) => (items.length ? el("ul", {}, items.map((item) => el("li", {}, item))) : null);
  const changed = found.changed.length ? [el("p", {}, "What changed since:"), list(found.changed)] : [];
  if (found.identical) return el("div", { class: "notice sound" }, icon("check"), el("div", {}, el("strong", {}, "The same evidence was found again, in the same order."), changed));
  return notice("warn", el("strong", {}, "Other evidence is found now."), list(found.differences), changed);
}

async function during(button, work) {
  const place = $("proof");
  button.disabled = true;
  place.replaceChildren(el("p", { class: "loading" }, "Working …"));
  try {
    place.replaceChildren(await work());
    say(place.innerText.split("\n")[0]);
  } catch (error) {
    place.replaceChildren(notice("bad", error.message));
  } finally {
    button.disabled = false;
  }
}

/** Asks for a reason, since words that are erased never come back. */
function askToErase(id, done) {
  const dialog = $("confirm");
  const reason = el("textarea", { id: "erase-reason", rows: 3, required: true, maxlength: 1000 });
  const names = el("input", { type: "checkbox", id: "erase-names" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const form = el("form", { method: "dialog" }, el("h2", { id: "erase-title" }, "Erase the words of this record?"),
    el("p", {}, "Question, answer and evidence go for good. The seal stays true, and the erasure is recorded."),
    el("label", {}, el("span", { class: "field-label" }, "Why; this is kept"), reason), el("label", { class: "inline-field" }, names, el("span", {}, "Erase the names of who asked, too")), problem,
    el("div", { class: "row" }, el("button", { type: "button", onclick: () => dialog.close() }, "Keep them"), el("button", { type: "submit", class: "danger", id: "really-erase" }, "Erase")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post(`/api/audit/answers/${encodeURIComponent(id)}/erase`, { reason: reason.value, names: names.checked });
      dialog.close();
      done();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  dialog.setAttribute("aria-labelledby", "erase-title");
  dialog.replaceChildren(form);
  dialog.showModal();
  reason.focus();
}

/** What the drawing of a trail reads of a citation. */
function citationsOf(story) {
  const cited = new Set(story.sentences.filter((sentence) => sentence.kept !== false).flatMap((sentence) => sentence.citations.map((citation) => citation.number)));
  const shown = story.evidence.filter((item) => cited.has(item.number));
  return (shown.length ? shown : story.evidence.slice(0, 5)).map((item) => ({ number: item.number, title: item.title || item.source, section: item.section, path: item.path, document_id: item.document_id ?? item.source }));
}

function toolbar(id, person, again) {
  const seesAll = person.labels === null || person.labels === undefined;
  const button = (name, mark, words, act, kind) => el("button", { type: "button", id: name, class: kind, onclick: (event) => act(event.currentTarget) }, mark ? icon(mark) : null, el("span", {}, words));
  return el("div", { class: "story-tools" }, el("a", { class: "button plain", href: "#" }, "All answers"), el("span", { class: "grow" }),
    button("verify-one", "check", "Verify", (pressed) => during(pressed, async () => {
      const story = await json(`/api/audit/answers/${encodeURIComponent(id)}`);
      $("seal")?.replaceWith(seal(story));
      return seal(story).cloneNode(true);
    })),
    seesAll ? button("replay", "run", "Replay", (pressed) => during(pressed, async () => replayed(await post(`/api/audit/answers/${encodeURIComponent(id)}/replay`, {})))) : null,
    button("print", null, "Print", () => print()),
    may(person, "Administer") ? button("erase", null, "Erase words", () => askToErase(id, again), "danger") : null);
}

function tell(place, story, id, person, again) {
  const { sentences, evidence } = story;
  const quotes = (number) => sentences.flatMap((sentence) => sentence.citations.filter((citation) => citation.number === number)).sort((a, b) => a.start - b.start);
  const citations = citationsOf(story);
  // What was quoted comes first; the rest was there to be chosen from.
  const isQuoted = (item) => Number(quotes(item.number).length > 0);
  const inOrder = [...evidence].sort((a, b) => isQuoted(b) - isQuoted(a) || a.number - b.number);
  const drawing = el("div", { class: "story-drawing" });
  place.replaceChildren(toolbar(id, person, again), el("div", { id: "proof", "aria-live": "polite" }),
    el("section", {}, el("h2", {}, "Question"), el("blockquote", {}, story.question || "A picture"), story.resolved_question ? el("p", { class: "fine" }, `Understood in the conversation as: ${story.resolved_question}`) : null),
    story.reason ? notice("warn", story.reason) : "",
    el("div", { class: "side-by-side" },
      el("section", {}, el("h2", {}, "What was said"), sentences.length ? el("ol", { class: "sentences" }, sentences.map(sentenceItem)) : el("p", {}, story.text || "Nothing")),
      el("section", {}, el("h2", {}, "What it rests on"), el("ol", { class: "evidence-list" }, inOrder.map((item) => evidenceCard(item, quotes(item.number)))))),
    evidence.length ? el("section", {}, el("h2", {}, "How it was found"), drawing) : "",
    el("section", {}, el("h2", {}, "Made with"), facts(story)), el("section", {}, el("h2", {}, "Seal"), seal(story)),
    story.erasures?.length ? el("section", {}, el("h2", {}, "Erased"), el("ul", {}, story.erasures.map((line) => el("li", {}, line)))) : "",
    story.feedback?.length ? el("section", {}, el("h2", {}, "What readers think"), el("ul", {}, story.feedback.map((line) => el("li", {}, line)))) : "",
    el("p", { class: "fine" }, `Answer ${id}. `, el("a", { class: "no-print", href: `/graph#view=sparql&query=${encodeURIComponent(`CONSTRUCT { ?s ?p ?o } WHERE {\n  GRAPH <urn:veritrail:answer:${id}> { ?s ?p ?o }\n}`)}` }, "See its triples")));
  if (evidence.length) drawing.replaceChildren(drawTrail(story.question, citations, (n) => showEvidence(citations[n].number), Math.max(300, drawing.clientWidth - 30)));
  place.focus({ preventScroll: true });
}

/** Shows the record of an answer with its proofs. */
export async function showStory(place, id, person) {
  place.replaceChildren(el("p", { class: "loading" }, "Reading the record …"));
  try {
    const story = await json(`/api/audit/answers/${encodeURIComponent(id)}`);
    tell(place, story, id, person, () => showStory(place, id, person));
  } catch (error) {
    place.replaceChildren(el("p", {}, el("a", { class: "button plain", href: "#" }, "All answers")), notice("bad", error.status === 404 ? "There is no answer with this id." : error.message));
  }
}
