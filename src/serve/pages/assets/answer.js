// One question and its answer as it is shown.

import { copy, el, icon, say } from "./dom.js";
import { post } from "./api.js";
import { openSource } from "./source.js";
import { drawTrail } from "./trail.js";

const DEGRADED = "The language model could not answer; these are quotes of the evidence. ";

/** A text as paragraphs, its marks as buttons. The n-th mark is the n-th citation. */
function paragraphs(turn) {
  const { citations = [], finished } = turn.answer;
  let text = turn.answer.text;
  if (turn.answer.degraded && text.startsWith(DEGRADED)) text = text.slice(DEGRADED.length);
  const numbers = new Set(citations.map((citation) => String(citation.number)));
  const marks = [...text.matchAll(/\[(\d{1,3})\]/g)].filter((mark) => !finished || numbers.has(mark[1]));
  const inOrder = marks.length === citations.length && marks.every((mark, n) => mark[1] === String(citations[n].number));
  let nth = 0;
  return text.split(/\n{2,}/).filter((part) => part.trim()).map((part) => {
    const paragraph = el("p");
    for (const piece of part.split(/(\s*\[\d{1,3}\])/)) {
      const number = /^\s*\[(\d{1,3})\]$/.exec(piece)?.[1];
      if (number === undefined || (finished && !numbers.has(number))) {
        paragraph.append(piece);
        continue;
      }
      const word = lastWord(paragraph);
      const index = inOrder ? nth : citations.findIndex((citation) => String(citation.number) === number);
      nth += 1;
      paragraph.append(el("span", { class: "with-chip" }, word, "\u00a0", chip(turn, number, index)));
    }
    return paragraph;
  });
}

/** Takes the last word off a paragraph, so that a mark never begins a line without it. */
function lastWord(paragraph) {
  const last = paragraph.lastChild;
  if (!last) return "";
  if (last.nodeType !== Node.TEXT_NODE) return "";
  const word = /\S{1,24}$/.exec(last.data)?.[0] ?? "";
  last.data = last.data.slice(0, last.data.length - word.length);
  return word;
}

function chip(turn, number, index) {
  const citation = turn.answer.citations?.[index];
  return el("button", {
    type: "button", class: "chip", disabled: !citation, "data-citation": citation ? `${turn.id}:${index}` : null, "aria-expanded": citation ? "false" : null,
    "aria-label": citation ? `Source ${number}: ${citation.title}` : `Source ${number}`, title: citation?.title,
    onclick: (event) => openSource(turn.answer.citations, index, event.currentTarget, turn.id),
  }, number);
}

/** Each source once, by its number. */
function sources(turn) {
  const seen = new Set();
  const list = turn.answer.citations.map((citation, index) => ({ citation, index })).filter(({ citation }) => {
    const fresh = !seen.has(citation.number);
    seen.add(citation.number);
    return fresh;
  });
  return el("div", { class: "sources", role: "group", "aria-label": "Sources" }, list.map(({ citation, index }) => el("button", {
    type: "button", "data-citation": `${turn.id}:${index}`, "aria-expanded": "false",
    onclick: (event) => openSource(turn.answer.citations, index, event.currentTarget, turn.id),
  }, el("span", { class: "number" }, String(citation.number)), el("span", { class: "title" }, citation.title), citation.picture ? icon("picture") : null)));
}

/** Thumbs, and words about what is wrong. */
function feedback(turn, place) {
  const send = async (verdict, comment, pressed) => {
    try {
      await post("/api/feedback", { answer_id: turn.answer.id, verdict, ...(comment ? { comment } : {}) });
      turn.answer.verdict = verdict;
      for (const button of [good, bad, wrong]) button.setAttribute("aria-pressed", String(button === pressed));
      say("Thank you, your verdict is recorded.");
      return true;
    } catch (error) {
      say(error.message);
      place.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
      return false;
    }
  };
  const toggle = (name, label, verdict) => el("button", {
    type: "button", class: "plain round small", "aria-label": label, title: label, "aria-pressed": String(turn.answer.verdict === verdict),
    onclick: (event) => send(verdict, "", event.currentTarget),
  }, icon(name));
  const good = toggle("up", "This answer helps", "good");
  const bad = toggle("down", "This answer does not help", "bad");
  const wrong = el("button", { type: "button", class: "plain small", "aria-pressed": String(turn.answer.verdict === "wrong"), onclick: form }, icon("flag"), el("span", {}, "This is wrong"));
  function form() {
    const words = el("textarea", { id: `wrong-${turn.id}`, maxlength: 2000, "aria-describedby": `wrong-help-${turn.id}` });
    const close = () => {
      place.replaceChildren();
      wrong.focus();
    };
    place.replaceChildren(el("form", {
      class: "feedback", onsubmit: async (event) => {
        event.preventDefault();
        if (await send("wrong", words.value.trim(), wrong)) {
          place.replaceChildren(el("p", { class: "fine" }, "Thank you. A reviewer will see this answer with your words."));
        }
      },
      onkeydown: (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          close();
        }
      },
    },
    el("label", { class: "field-label", for: `wrong-${turn.id}` }, "What is wrong, and what would be right?"), words,
    el("p", { class: "fine", id: `wrong-help-${turn.id}` }, "It goes to the people who review answers, together with the record of this one."),
    el("div", { class: "row" }, el("button", { type: "button", class: "small", onclick: close }, "Cancel"), el("button", { type: "submit", class: "primary small" }, "Send to review"))));
    words.focus();
  }
  return [good, bad, wrong];
}

function actions(turn, mayAudit) {
  const place = el("div", {});
  const drawing = el("div", { id: `trail-${turn.id}` });
  const trail = turn.answer.citations.length ? el("button", {
    type: "button", class: "plain small", "aria-expanded": "false", "aria-controls": `trail-${turn.id}`,
    onclick: (event) => {
      const shown = drawing.childElementCount > 0;
      event.currentTarget.setAttribute("aria-expanded", String(!shown));
      if (shown) drawing.replaceChildren();
      else drawing.append(drawTrail(turn.question, turn.answer.citations, (index) => openSource(turn.answer.citations, index, document.activeElement, turn.id), Math.max(280, Math.round(drawing.parentElement.clientWidth - 30))));
    },
  }, icon("trail"), el("span", {}, "How it was found")) : null;
  const copied = el("button", { type: "button", class: "plain round small", "aria-label": "Copy the answer", title: "Copy the answer", onclick: () => copy(turn.answer.text, "The answer is copied.") }, icon("copy"));
  const record = turn.answer.id && mayAudit ? el("a", { class: "record-link", href: `/audit#answer=${turn.answer.id}` }, "Record") : turn.answer.id ? el("span", { class: "record-link" }, `Id ${turn.answer.id.slice(0, 8)}`) : null;
  if (record) record.title = `Answer ${turn.answer.id}`;
  return [el("div", { class: "actions" }, turn.answer.id && turn.answer.mode !== "waiting" ? feedback(turn, place) : null, trail, copied, record), place, drawing];
}

function status(answer) {
  if (answer.error) return el("p", { class: "verdict" }, icon("alert"), "This question could not be answered");
  if (answer.mode === "abstained") return el("p", { class: "verdict" }, icon("unknown"), "The documents do not answer this");
  if (answer.mode === "waiting") return el("p", { class: "verdict" }, icon("unknown"), "A person looks at this answer first");
  if (answer.degraded) return el("p", { class: "notice warn" }, icon("alert"), el("span", {}, "The language model could not write this answer. These are the words of the documents instead."));
  return null;
}

/** The answer of a turn as far as it has come. */
export function renderAnswer(turn, mayAudit) {
  const { answer } = turn;
  const kind = answer.error ? " failed" : answer.mode === "abstained" ? " abstained" : "";
  const box = el("div", { class: `answer${kind}` }, status(answer));
  if (answer.text) box.append(el("div", { class: "answer-text" }, paragraphs(turn)));
  if (answer.error) box.append(el("div", { class: "answer-text" }, el("p", {}, answer.error)));
  if (!answer.finished) {
    if (!answer.text) box.append(el("p", { class: "waiting" }, el("i", { "aria-hidden": "true" }, el("b")), "Looking through the documents"));
    return box;
  }
  if (answer.stopped) box.append(el("p", { class: "fine" }, "Stopped before the end. What stands here was checked."));
  if (answer.mode === "extractive" && !answer.degraded && answer.citations.length) box.append(el("p", { class: "fine" }, "Quoted word for word from the documents."));
  if (answer.citations.length) box.append(sources(turn));
  if (answer.id) box.append(...actions(turn, mayAudit));
  return box;
}

/** A question as it was asked. */
export function renderQuestion(turn) {
  return el("div", { class: "asked" },
    turn.thumbnail ? el("img", { src: turn.thumbnail, alt: turn.pictureName ? `Picture of the question: ${turn.pictureName}` : "Picture of the question" }) : null,
    turn.question ? el("p", {}, turn.question) : null);
}
