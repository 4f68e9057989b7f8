// Deleting a document: asked once more, followed to its end, proved by a receipt.

import { $, el, icon, save } from "./dom.js";
import { documentPath, json } from "./api.js";
import { follow, jobCard, jobId, reason, succeeded } from "./jobs.js";

/** Asks, deletes and shows the receipt in `place`; resolves to whether it is gone. */
export function deleteDocument(document_, place) {
  const dialog = $("confirm");
  return new Promise((resolve) => {
    const answer = async (yes) => {
      dialog.close();
      resolve(yes ? await carriedOut(document_, place) : false);
    };
    dialog.replaceChildren(el("div", { class: "stack" },
      el("h2", { id: "confirm-title" }, "Delete this document?"),
      el("p", {}, el("strong", {}, document_.title), el("br"), el("span", { class: "fine" }, document_.source)),
      el("p", {}, "It leaves the graph, the search and the stored files, with all earlier generations. This cannot be undone. You get a receipt that says what was removed."),
      el("div", { class: "row" },
        el("button", { type: "button", autofocus: true, onclick: () => answer(false) }, "Keep it"),
        el("button", { type: "button", class: "danger", id: "really-delete", onclick: () => answer(true) }, icon("trash"), "Delete for good"))));
    dialog.addEventListener("cancel", () => resolve(false), { once: true });
    dialog.setAttribute("aria-labelledby", "confirm-title");
    dialog.showModal();
  });
}

async function carriedOut(document_, place) {
  const shown = jobCard(`Deleting ${document_.title}`);
  place.prepend(shown.card);
  try {
    shown.sent(1);
    const state = await follow(jobId(await json(documentPath(document_.id), { method: "DELETE" })), shown.state);
    if (!succeeded(state)) {
      shown.end(reason(state), "bad");
      return false;
    }
    const receipt = state.result?.receipt;
    shown.end("Deleted", "good", receipt && el("button", {
      type: "button", class: "small", onclick: () => save(`receipt-${document_.id.replace(/[^\w.-]+/g, "-")}.json`, JSON.stringify(receipt, null, 2), "application/json"),
    }, icon("download"), el("span", {}, "Download the receipt")));
    return true;
  } catch (error) {
    shown.end(error.message, "bad");
    return false;
  }
}
