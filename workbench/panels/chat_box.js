// The chat log and its form. Text is put on the page as text (textContent), never as markup.

const PLACEHOLDER = "Ask something, or state a fact to remember …";

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(label, className, act) {
  const made = element("button", className, label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";
const THUMB = "M7 11 L11 3 C12.8 3 13.6 4.4 13.2 6 L12.4 9.5 H18.5 C19.9 9.5 20.8 10.8 20.5 12.1 L19.1 18.6 C18.8 19.9 17.9 20.5 16.7 20.5 H7 Z M3 11 H7 V20.5 H3 Z";

function icon(up) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", THUMB);
  if (!up) shape.setAttribute("transform", "rotate(180 12 12)");
  picture.append(shape);
  return picture;
}

function thoughts(entry, open) {
  const box = element("details", "wb-thoughts");
  box.open = open;
  const count = entry.thoughts.length + (entry.thinking ? 1 : 0);
  box.append(element("summary", "", `How it was thought (${count})`));
  const list = element("dl");
  for (const one of entry.thoughts) list.append(element("dt", "", one.name), element("dd", "", one.text));
  if (entry.thinking) list.append(element("dt", "", "the model's own thinking"), element("dd", "", entry.thinking));
  box.append(list);
  return box;
}

function correction(entry, send) {
  const form = element("form", "wb-correction");
  const label = element("label", "", "The answer it should have given");
  const field = element("textarea");
  field.rows = 2;
  field.id = `wb-correction-${entry.turn_id}`;
  label.htmlFor = field.id;
  const save = element("button", "wb-button", "Save correction");
  form.append(label, field, save);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ type: "correct", turn_id: entry.turn_id, text: field.value });
  });
  return form;
}

function feedback(entry, send) {
  const bar = element("div", "wb-feedback");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", `Feedback on answer ${entry.number}`);
  const thumb = (label, up, rating) => {
    const made = button("", "wb-thumb", () => send({ type: "rate", turn_id: entry.turn_id, up }));
    made.append(icon(up));
    made.setAttribute("aria-label", label);
    made.setAttribute("aria-pressed", String(entry.rating === rating));
    made.title = label;
    return made;
  };
  const correct = button("Correct …", "wb-quiet", () => {
    const open = bar.nextElementSibling;
    if (open) {
      open.remove();
      return;
    }
    bar.after(correction(entry, send));
    bar.nextElementSibling.querySelector("textarea").focus();
  });
  bar.append(thumb("Good answer", true, "up"), thumb("Bad answer", false, "down"), correct);
  if (entry.rating === "correct") bar.append(element("span", "wb-note", "correction saved"));
  return bar;
}

function drawEntry(entry, send, before) {
  const article = element("article", `wb-exchange wb-${entry.status}`);
  article.setAttribute("aria-label", `Question ${entry.number}`);
  article.append(element("p", "wb-question", entry.question));
  if (entry.doing) article.append(element("p", "wb-doing", entry.doing));
  if (entry.answer) article.append(element("div", "wb-answer", entry.answer));
  if (entry.problem) article.append(element("p", "wb-problem", entry.problem));
  if (entry.notice) article.append(element("p", "wb-note", entry.notice));
  if (entry.thoughts.length || entry.thinking) {
    article.append(thoughts(entry, Boolean(before?.querySelector("details")?.open)));
  }
  if (entry.turn_id) {
    const foot = element("div", "wb-foot");
    foot.append(element("span", "wb-note", entry.footnote), feedback(entry, send));
    article.append(foot);
  }
  return article;
}

function makeForm(send) {
  const form = element("form", "wb-form");
  const label = element("label", "wb-hidden", "Your question");
  const field = element("textarea", "wb-field");
  field.id = `wb-question-${Math.random().toString(36).slice(2)}`;
  field.rows = 2;
  field.placeholder = PLACEHOLDER;
  label.htmlFor = field.id;
  const ask = element("button", "wb-button wb-ask", "Ask");
  const stop = button("Stop", "wb-button wb-stop", () => send({ type: "stop" }));
  stop.hidden = true;
  form.append(label, field, ask, stop);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ type: "ask", text: field.value });
    field.value = "";
    field.focus();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  return { form, ask, stop };
}

function render({ model, el }) {
  const send = (message) => model.send(message);
  const root = element("section", "wb-panel wb-chat");
  root.setAttribute("aria-label", "Chat with the agent");
  const log = element("div", "wb-log");
  log.setAttribute("role", "log");
  log.tabIndex = 0;
  log.setAttribute("aria-label", "Conversation");
  const empty = element("p", "wb-empty", "Nothing asked yet. Everything stays on this machine.");
  const problem = element("p", "wb-problem");
  problem.setAttribute("role", "alert");
  const status = element("p", "wb-note wb-status");
  status.setAttribute("role", "status");
  const { form, ask, stop } = makeForm(send);
  const title = element("h1", "wb-title", "Agent");
  if (location.pathname.includes("/voila/")) {
    const link = element("a", "wb-note", " Memory dashboard");
    link.href = "memory.ipynb";
    title.append(link);
  }
  root.append(title, log, problem, form, status);
  el.append(root);

  const drawn = new Map(); // number → { element, json }
  const draw = () => {
    const live = model.get("live").number ? model.get("live") : null;
    const entries = live ? [...model.get("past"), live] : [...model.get("past")];
    entries.sort((one, other) => one.number - other.number);
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    let grew = false;
    for (const entry of entries) {
      const json = JSON.stringify(entry);
      const before = drawn.get(entry.number);
      if (before?.json === json) continue;
      const made = drawEntry(entry, send, before?.element);
      if (before) before.element.replaceWith(made);
      else log.append(made);
      grew = grew || !before;
      drawn.set(entry.number, { element: made, json });
    }
    const kept = new Set(entries.map((entry) => entry.number));
    for (const [number, { element: old }] of drawn) {
      if (kept.has(number)) continue;
      old.remove();
      drawn.delete(number);
    }
    empty.remove();
    if (!entries.length) log.append(empty);
    log.setAttribute("aria-busy", String(Boolean(live)));
    stop.hidden = !live;
    ask.hidden = Boolean(live);
    if (atEnd || grew) log.scrollTop = log.scrollHeight;
  };
  const tell = () => {
    status.textContent = model.get("status");
    problem.textContent = model.get("problem");
    problem.hidden = !model.get("problem");
  };
  model.on("change:past change:live", draw);
  model.on("change:status change:problem", tell);
  draw();
  tell();
  send({ type: "ready" });
}

export default { render };
