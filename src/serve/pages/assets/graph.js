// The page of the graph: exploring and querying.

import { $, tabs } from "./dom.js";
import { run } from "./shell.js";
import { find, nothing, show } from "./entity.js";
import { fragment } from "./iri.js";
import { openQuery, startQueries } from "./query.js";

run(async () => {
  const choose = tabs(document.querySelector('[role="tablist"]'));
  $("tab-query").addEventListener("click", () => { if (fragment().get("view") !== "sparql") history.replaceState(null, "", "#view=sparql"); });
  $("tab-explore").addEventListener("click", () => { if (fragment().get("view") === "sparql") history.replaceState(null, "", location.pathname); });
  startQueries();

  let pause;
  $("find").addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => find($("find").value.trim()).catch((error) => { $("found").textContent = error.message; }), 160);
  });
  $("find").addEventListener("keydown", (event) => {
    const first = $("entities").querySelector("button");
    if (!first || (event.key !== "ArrowDown" && event.key !== "Enter")) return;
    event.preventDefault();
    if (event.key === "Enter") first.click();
    else first.focus();
  });
  $("entities").addEventListener("keydown", (event) => {
    const all = [...$("entities").querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    (all[at + step] ?? (step < 0 ? $("find") : all[at])).focus();
  });

  const go = async () => {
    const place = fragment();
    if (place.get("view") === "sparql" || place.has("query")) {
      choose($("tab-query"), false);
      if (place.has("query")) openQuery(place.get("query"));
      return;
    }
    choose($("tab-explore"), false);
    if (place.has("entity")) await show(place.get("entity"));
    else nothing();
  };
  addEventListener("hashchange", go);
  const wanted = fragment().get("find") ?? "";
  $("find").value = wanted;
  const found = await find(wanted);
  await go();
  if (wanted && found.length) location.hash = `#entity=${encodeURIComponent(found[0].id)}`;
});
