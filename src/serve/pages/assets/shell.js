// What every page has: colours, who is signed in, and which pages he may open.

import { $, el, icon, notice, say } from "./dom.js";
import { may, me, send } from "./api.js";

const THEMES = ["system", "light", "dark"];
const THEME_WORDS = { system: "as the system", light: "light", dark: "dark" };

export function showTheme() {
  const chosen = document.documentElement.dataset.chosen ?? "system";
  const button = $("theme");
  button.replaceChildren(icon(`theme-${chosen}`));
  button.setAttribute("aria-label", `Colours: ${THEME_WORDS[chosen]}`);
  button.title = `Colours: ${THEME_WORDS[chosen]}`;
}

export function nextTheme() {
  const chosen = document.documentElement.dataset.chosen ?? "system";
  const next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
  try {
    if (next === "system") localStorage.removeItem("veritrail-theme");
    else localStorage.setItem("veritrail-theme", next);
  } catch {
    // Without storage the choice cannot be kept.
  }
  dispatchEvent(new Event("veritrail-theme"));
  showTheme();
  say(`Colours: ${THEME_WORDS[next]}`);
}

/** Labels that a person sees, in words. */
export function labelsInWords(labels) {
  return labels === null || labels === undefined ? ["every label"] : labels;
}

function showAccount(person) {
  const place = $("account");
  if (!place) return;
  const menu = el("div", { class: "menu", id: "account-menu", hidden: true },
    el("div", {}, el("strong", {}, person.name), el("div", { class: "fine" }, `Role: ${person.role}`)),
    el("div", {}, el("div", { class: "fine" }, "Sees documents with"),
      el("div", { class: "labels" }, labelsInWords(person.labels).map((label) => el("span", { class: "badge" }, label)))),
    person.signs_in === false
      ? el("p", { class: "fine" }, "This server asks for no key, because only this machine can reach it.")
      : el("button", { type: "button", class: "block", id: "sign-out", onclick: signOut }, "Sign out"));
  const button = el("button", { type: "button", class: "plain", "aria-expanded": "false", "aria-controls": "account-menu", "aria-label": `Signed in as ${person.name}, ${person.role}` },
    el("span", { class: "avatar", "aria-hidden": "true" }, Array.from(person.name)[0]?.toUpperCase() ?? "?"), el("span", { class: "name" }, person.name));
  const open = (shown) => {
    menu.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
  };
  button.addEventListener("click", () => open(menu.hidden));
  document.addEventListener("click", (event) => { if (!place.contains(event.target)) open(false); });
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !menu.hidden) {
      open(false);
      button.focus();
    }
  });
  place.replaceChildren(button, menu);
}

async function signOut() {
  try {
    await send("/api/session", { method: "DELETE" });
  } finally {
    sessionStorage.clear();
    location.assign("/sign-in");
  }
}

/** Which page needs which permission. */
const NEEDS = { audit: "ReadAllAnswers", operations: "Operate" };

/** Starts a page: resolves to who is asking once the frame shows it. */
export async function start() {
  showTheme();
  $("theme").addEventListener("click", nextTheme);
  const person = await me();
  showAccount(person);
  for (const [place, permission] of Object.entries(NEEDS)) {
    const link = document.querySelector(`[data-place="${place}"]`);
    if (link) link.hidden = !may(person, permission);
  }
  const needed = NEEDS[document.body.dataset.page];
  if (needed && !may(person, needed)) {
    const page = document.querySelector("main .page");
    page.replaceChildren(page.querySelector(".page-head") ?? "", notice("warn", `Your role, ${person.role}, does not open this page.`));
    throw new Error("the role does not open this page");
  }
  return person;
}

/** Starts a page and shows what stops it. */
export async function run(main) {
  try {
    await main(await start());
  } catch (error) {
    if (error.status === 401 || error.message === "the role does not open this page") return;
    const place = document.querySelector("main .page, main .turns") ?? $("main");
    place.prepend(notice("bad", error.status === undefined ? `This page failed: ${error.message}` : error.message));
    if (error.status === undefined) console.error(error);
  }
}

