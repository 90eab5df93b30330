// Title, counts, and one line about what was done or went wrong, which stays in sight however far the page is scrolled.

const NOTICE_MS = 8000; // a problem stays until it is closed

function render({ model, el }) {
  const root = element("header", "wb-panel wb-memory-head");
  const title = element("h1", "", "Memory");
  const summary = element("p", "wb-note wb-summary");
  const empty = element("p", "wb-empty-store");
  const row = element("div", "wb-row");
  row.append(title, button("Refresh", "wb-quiet wb-outlined", () => model.send({ type: "refresh" })));
  if (window.location.pathname.includes("/voila/")) {
    const link = element("a", "wb-note", "Agent dashboard");
    link.href = "agent.ipynb";
    row.append(link);
  }
  root.append(row, summary, empty);
  const toast = element("div", "wb-toast");
  const said = element("p");
  toast.append(said, button("Close", "wb-quiet wb-outlined", () => (toast.hidden = true)));
  el.append(root, toast);

  follow(model, ["shown"], (shown) => {
    summary.textContent = shown.summary ?? "Reading …";
    empty.textContent = shown.empty ?? "";
    empty.hidden = !shown.empty;
  });
  let fading = 0;
  follow(model, ["notice", "problem"], (notice, problem) => {
    clearTimeout(fading);
    if (!problem) fading = setTimeout(() => (toast.hidden = true), NOTICE_MS);
    toast.hidden = !(notice || problem);
    toast.classList.toggle("wb-toast-problem", Boolean(problem));
    toast.setAttribute("role", problem ? "alert" : "status");
    said.textContent = problem || notice;
  });
  model.send({ type: "ready" });
}

export default { render };
