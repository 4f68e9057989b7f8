// Runs before the first paint, so that no page flashes in the wrong colours.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("veritrail-theme");
    } catch {
      // Storage can be forbidden; then the system decides.
    }
    const theme = chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.chosen = chosen === theme ? chosen : "system";
  };
  dark.addEventListener("change", apply);
  addEventListener("veritrail-theme", apply);
  apply();
})();
