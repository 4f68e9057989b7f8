// Signing in with a key.

import { $ } from "./dom.js";
import { send } from "./api.js";
import { nextTheme, showTheme } from "./shell.js";

/** Only a path of this site: a link must not lead a signed-in person elsewhere. */
function destination() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  try {
    const url = new URL(next, location.origin);
    return url.origin === location.origin && !url.pathname.startsWith("/sign-in") ? url.pathname + url.search + url.hash : "/";
  } catch {
    return "/";
  }
}

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
  $("key").setAttribute("aria-invalid", String(Boolean(text)));
}

showTheme();
$("theme").addEventListener("click", nextTheme);
$("key").focus();
$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  problem("");
  $("enter").disabled = true;
  try {
    await send("/api/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key: $("key").value.trim() }),
    });
    location.replace(destination());
  } catch (error) {
    problem(error.status === 401 || error.status === 403 ? "This key is not known, or was revoked." : error.message);
    $("key").select();
  } finally {
    $("enter").disabled = false;
  }
});
