// Filters, a page of memories, and the way to the next page. The kernel filters; this file asks and draws.

const ALL = ["", "any"];
const TYPING_MS = 200;
const COLUMNS = [
  ["text", "What it says", "wb-cell-text"],
  ["", "Kind", "wb-cell-kind"],
  ["importance", "Importance", "wb-cell-importance"],
  ["recalls", "Recalled", "wb-cell-recalls"],
  ["said", "Said", "wb-cell-said"],
];

function makeFilters(send) {
  const form = element("form", "wb-filters");
  const input = (type) => Object.assign(element("input", "wb-input"), { type });
  const fields = {
    words: input("search"), kind: element("select", "wb-input"), tier: element("select", "wb-input"),
    state: element("select", "wb-input"), session_id: element("select", "wb-input"),
    since: input("date"), until: input("date"), pinned: input("checkbox"),
  };
  fields.words.placeholder = "words it holds …";
  const labels = {
    words: "Search", kind: "Kind", tier: "Tier", state: "State", session_id: "Session",
    since: "Said from", until: "to", pinned: "Pinned only",
  };
  for (const [name, field] of Object.entries(fields)) form.append(labelled(labels[name], field, `wb-filter-${name}`));
  const value = (field) => (field.type === "checkbox" ? field.checked : field.value);
  const tell = () => {
    const filters = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, value(field)]));
    send({ type: "filter", filters });
  };
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(tell, TYPING_MS);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  const clear = () => {
    form.reset();
    fields.state.value = "";
    tell();
  };
  return { form, fields, clear };
}

function offer(fields, offers) {
  const plain = (name) => options(fields[name], [ALL, ...offers[name].map((value) => [value, value])]);
  const first = !fields.state.options.length;
  for (const name of ["kind", "tier", "state"]) plain(name);
  options(fields.session_id, [ALL, ...offers.session_id]);
  if (first) fields.state.value = "active";
}

function meter(value) {
  const box = element("span", "wb-meter");
  const fill = element("span", "wb-meter-fill");
  fill.style.width = `${Math.round(value * 100)}%`;
  box.append(fill);
  box.setAttribute("aria-hidden", "true");
  return box;
}

function row(memory, chosen, send) {
  const line = element("tr", memory.id === chosen ? "wb-chosen" : "");
  line.dataset.id = memory.id;
  const text = element("td", "wb-cell-text");
  const open = button(memory.text, "wb-row-open", () => send({ type: "choose", id: memory.id }));
  open.setAttribute("aria-pressed", String(memory.id === chosen));
  text.append(open);
  if (memory.pinned) text.append(element("span", "wb-badge wb-badge-pinned", "pinned"));
  if (memory.state !== "active") text.append(element("span", "wb-badge", memory.state));
  const importance = element("td", "wb-cell-importance");
  importance.append(meter(memory.importance), memory.importance.toFixed(2));
  const said = element("td", "wb-cell-said", memory.said);
  said.title = memory.date;
  line.append(
    text, element("td", "wb-cell-kind", `${memory.kind}, ${memory.tier}`), importance,
    element("td", "wb-cell-recalls", `${memory.recalls}×`), said,
  );
  line.addEventListener("click", (event) => {
    if (!event.target.closest("button")) send({ type: "choose", id: memory.id });
  });
  return line;
}

function heads(order, send) {
  const line = element("tr");
  for (const [by, label, className] of COLUMNS) {
    const cell = element("th", className);
    cell.scope = "col";
    if (by) {
      cell.append(button(label, "wb-head-sort", () => send({ type: "order", by })));
      if (by === order) cell.setAttribute("aria-sort", by === "text" ? "ascending" : "descending");
    } else {
      cell.textContent = label;
    }
    line.append(cell);
  }
  return line;
}

function pager(shown, send) {
  const bar = element("nav", "wb-pager");
  bar.setAttribute("aria-label", "Pages");
  const turn = (label, page, off) => {
    const made = button(label, "wb-quiet wb-outlined", () => send({ type: "page", page }));
    made.disabled = off;
    return made;
  };
  const { page, pages, matched, stored } = shown;
  bar.append(
    turn("Previous", page - 1, page <= 1),
    element("span", "wb-note", `page ${page} of ${pages} · ${matched.toLocaleString("en")} of ${stored.toLocaleString("en")}`),
    turn("Next", page + 1, page >= pages),
  );
  return bar;
}

function render({ model, el }) {
  const send = (message) => model.send(message);
  const root = panel("Memories", "wb-memory-table");
  const { form, fields, clear } = makeFilters(send);
  const table = element("table", "wb-table");
  const head = element("thead"), body = element("tbody");
  table.append(head, body);
  const nothing = element("p", "wb-empty");
  const all = button("Clear all filters", "wb-quiet wb-outlined", clear);
  const foot = element("div");
  root.append(form, table, nothing, all, foot);
  el.append(root);

  follow(model, ["shown"], (shown) => {
    if (!shown.offers) return;
    offer(fields, shown.offers);
    head.replaceChildren(heads(shown.order, send));
    const focused = document.activeElement?.closest?.("tr[data-id]")?.dataset.id;
    body.replaceChildren(...shown.rows.map((memory) => row(memory, shown.chosen, send)));
    if (focused) body.querySelector(`tr[data-id="${focused}"] button`)?.focus({ preventScroll: true });
    table.hidden = !shown.rows.length;
    nothing.hidden = Boolean(shown.rows.length);
    all.hidden = nothing.hidden || !shown.stored;
    nothing.textContent = shown.stored ? "No memory passes these filters." : "There is nothing to list yet.";
    foot.replaceChildren(...(shown.stored ? [pager(shown, send)] : []));
  });
}

export default { render };
