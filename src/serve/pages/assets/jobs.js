// Work that goes on after a request: its progress as the server tells it.

import { el, icon, notice, say } from "./dom.js";
import { events, json, send } from "./api.js";

/** The identity of a job in what the server answered. */
export const jobId = (answer) => (typeof answer.job === "string" ? answer.job : answer.job.id);

/** Follows a job by its events, or by asking again where the stream breaks. */
export async function follow(id, onState) {
  const path = `/api/jobs/${encodeURIComponent(id)}`;
  try {
    const response = await send(`${path}/events`, { headers: { accept: "text/event-stream" } });
    for await (const event of events(response)) {
      const state = JSON.parse(event.data);
      onState(state);
      if (event.name === "done") return state;
    }
  } catch (error) {
    if (error.status === 404) throw error;
  }
  for (;;) {
    const state = await json(path);
    onState(state);
    if (!["running", "queued"].includes(state.status)) return state;
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
}

/** Whether a finished job did what was asked. */
export const succeeded = (state) => state.status === "done";

/** Why a job failed, in words. */
export const reason = (state) => state.error ?? "The work failed; the server's log says why.";

/** A card that shows a job from its start to its end. */
export function jobCard(title) {
  const bar = el("progress", { "aria-label": title });
  const words = el("span", { class: "fine" }, "Sending …");
  const close = el("button", { type: "button", class: "plain round small", "aria-label": "Remove this notice", hidden: true, onclick: () => card.remove() }, icon("close"));
  const more = el("div", {});
  const card = el("div", { class: "job", role: "group", "aria-label": title },
    el("div", { class: "row" }, el("strong", {}, title), el("span", { class: "grow" }), words, close), bar, more);
  const end = (text, kind, ...children) => {
    bar.remove();
    words.textContent = kind === "bad" ? "" : text;
    close.hidden = false;
    more.replaceChildren(...(kind === "bad" ? [notice("bad", text)] : []), ...children);
    say(`${title}: ${text}`);
  };
  return {
    card,
    sent: (share) => {
      bar.max = 1;
      bar.value = share;
      words.textContent = share < 1 ? `Sending, ${Math.round(share * 100)} %` : "Received";
    },
    state: (state) => {
      const { progress } = state;
      if (progress?.n_total > 0) bar.value = Math.min(1, progress.n_done / progress.n_total);
      else bar.removeAttribute("value");
      if (state.status === "queued") words.textContent = state.n_before > 0 ? `Waits for ${state.n_before} others` : "Begins soon";
      else words.textContent = progress?.stage ?? "Working";
    },
    end,
  };
}
