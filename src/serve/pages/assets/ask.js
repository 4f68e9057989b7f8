// The page on which questions are asked.

import { $, el, icon, say } from "./dom.js";
import { ApiError, events, json, may, send } from "./api.js";
import { run } from "./shell.js";
import { renderAnswer, renderQuestion } from "./answer.js";
import { closeSource } from "./source.js";
import { dataUrl, refusal, thumbnail } from "./picture.js";
import { showSuggestions } from "./suggestions.js";

const KEPT = "veritrail-conversation";
/** Earlier turns that go with a question. */
const MAX_EARLIER = 8;
const MODES = { veritrail: "Answer", "veritrail:extractive": "Quotes only", "veritrail:strict": "Strict" };

const turns = [];
let picture = null;
let running = null;
let mayAudit = false;

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(turns.filter((turn) => turn.answer.finished)));
  } catch {
    // Full or forbidden: the conversation lives as long as the page.
  }
}

function restore() {
  try {
    for (const turn of JSON.parse(sessionStorage.getItem(KEPT) ?? "[]")) addTurn(turn);
  } catch {
    sessionStorage.removeItem(KEPT);
  }
  frame();
}

/** What depends on whether there is a conversation and whether an answer comes. */
function frame() {
  $("welcome").hidden = turns.length > 0;
  $("fresh").hidden = turns.length === 0;
  const button = $("send");
  button.setAttribute("aria-label", running ? "Stop" : "Ask");
  button.replaceChildren(icon(running ? "stop" : "send"));
}

function addTurn(turn) {
  turns.push(turn);
  turn.id = turns.length;
  const answer = el("div", { class: "answer-place" });
  const box = el("article", { class: "turn", "aria-label": `Question ${turns.length}` }, renderQuestion(turn), answer);
  $("turns").append(box);
  const show = () => answer.replaceChildren(renderAnswer(turn, mayAudit));
  show();
  return { box, show };
}

/** Scrolls along while the reader is at the end. */
function follow() {
  const scroll = $("scroll");
  if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 160) scroll.scrollTop = scroll.scrollHeight;
}

function messages(text, url) {
  const earlier = turns.filter((turn) => turn.answer.finished && !turn.answer.error && turn.answer.text).slice(-MAX_EARLIER);
  const said = earlier.flatMap((turn) => [
    { role: "user", content: turn.question || "What does this picture show?" },
    { role: "assistant", content: turn.answer.text },
  ]);
  const content = url ? [...(text ? [{ type: "text", text }] : []), { type: "image_url", image_url: { url } }] : text;
  return [...said, { role: "user", content }];
}

function take(turn, chunk) {
  if (chunk.error) throw new ApiError(500, chunk.error.message);
  const piece = chunk.choices?.[0]?.delta?.content;
  if (piece) {
    turn.answer.text += piece;
    say(piece.replace(/\s*\[(\d+)\]/g, ", source $1").trim());
  }
  if (chunk.citations) {
    Object.assign(turn.answer, { citations: chunk.citations, id: chunk.answer_id, mode: chunk.mode, degraded: chunk.degraded_because ?? null });
  }
  return Boolean(piece) || Boolean(chunk.citations);
}

async function ask(text, held) {
  const body = { model: $("mode").value || "veritrail", stream: true, messages: messages(text, held?.url) };
  const turn = { question: text, thumbnail: held?.thumbnail, pictureName: held?.name, answer: { text: "", citations: [], finished: false } };
  running = new AbortController();
  const { box, show } = addTurn(turn);
  frame();
  box.scrollIntoView({ block: "start" });
  say("Looking through the documents");
  try {
    const response = await send("/v1/chat/completions", {
      method: "POST", signal: running.signal,
      headers: { "content-type": "application/json", accept: "text/event-stream" }, body: JSON.stringify(body),
    });
    turn.answer.id = response.headers.get("x-veritrail-answer-id") ?? undefined;
    for await (const event of events(response)) {
      if (event.data === "[DONE]") break;
      if (take(turn, JSON.parse(event.data))) {
        show();
        follow();
      }
    }
  } catch (error) {
    if (error.name === "AbortError") turn.answer.stopped = true;
    else turn.answer.error = error instanceof ApiError ? error.message : "The connection ended in the middle of the answer.";
  }
  turn.answer.finished = true;
  running = null;
  show();
  frame();
  follow();
  keep();
  const { answer } = turn;
  say(answer.error ?? (answer.stopped ? "Stopped." : answer.mode === "waiting" ? answer.text : answer.mode === "abstained" ? `The documents do not answer this. ${answer.text}` : `The answer is complete, with ${answer.citations.length} sources.`));
}

function fit() {
  const field = $("question");
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

function showPicture(words) {
  const place = $("picture");
  place.hidden = !picture && !words;
  place.replaceChildren(...(picture ? [
    el("img", { src: picture.thumbnail || picture.url, alt: "The picture of your question" }), el("span", { class: "name" }, picture.name),
    el("button", { type: "button", class: "plain round small", "aria-label": "Remove the picture", onclick: () => { hold(null); $("question").focus(); } }, icon("close")),
  ] : words ? [el("span", { class: "problem", role: "alert" }, words)] : []));
}

async function hold(file) {
  picture = null;
  const words = file ? refusal(file) : "";
  if (file && !words) {
    picture = { name: file.name || "Pasted picture", url: await dataUrl(file), thumbnail: await thumbnail(file) };
    say("A picture is added to your question.");
  }
  showPicture(words);
}

function submit(event) {
  event?.preventDefault();
  if (running) {
    running.abort();
    return;
  }
  const text = $("question").value.trim();
  if (!text && !picture) {
    $("question").focus();
    return;
  }
  const held = picture;
  $("question").value = "";
  picture = null;
  showPicture();
  fit();
  closeSource(false);
  ask(text, held);
}

function fresh() {
  running?.abort();
  closeSource(false);
  turns.length = 0;
  $("turns").replaceChildren();
  sessionStorage.removeItem(KEPT);
  frame();
  $("question").focus();
  say("A new conversation.");
}

function listen() {
  $("composer").addEventListener("submit", submit);
  $("fresh").addEventListener("click", fresh);
  $("veil").addEventListener("click", () => closeSource());
  $("question").addEventListener("input", fit);
  $("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeSource();
  });
  $("attach").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    hold($("file").files[0] ?? null);
    $("file").value = "";
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    hold(file);
  });
  const drop = $("drop");
  addEventListener("dragover", (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer?.files.length) hold(event.dataTransfer.files[0]);
  });
}

/** The ways of answering that the server offers. */
async function showModes() {
  const { data } = await json("/v1/models");
  const modes = data.map((model) => model.id).filter((id) => /^veritrail(:|$)/.test(id));
  const words = (id) => MODES[id] ?? id.replace(/^veritrail:/, "");
  $("mode").replaceChildren(...modes.map((id) => el("option", { value: id }, words(id))));
  $("mode-label").hidden = modes.length < 2;
}

run(async (person) => {
  mayAudit = may(person, "ReadAllAnswers");
  listen();
  restore();
  if (matchMedia("(min-width: 761px)").matches) $("question").focus();
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) $("question").value = asked;
  fit();
  await Promise.allSettled([showModes(), showSuggestions((text) => {
    $("question").value = text;
    submit();
  })]);
});
