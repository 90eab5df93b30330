// One memory: what it says, what can be done to it, why it matters, how that will fall, what happened to it.

const CURVE = { height: 170, left: 38, right: 10, top: 14, bottom: 34 };

function facts(shown) {
  const list = element("dl", "wb-facts-list");
  for (const [name, value] of shown.facts) list.append(element("dt", "", name), element("dd", "", value));
  return list;
}

function actions(shown, send) {
  const bar = element("div", "wb-actions");
  const below = element("div");
  const show = (made, focus) => {
    below.replaceChildren(made);
    made.querySelector(focus).focus();
  };
  bar.append(
    button("Edit", "wb-quiet wb-outlined", () => show(editor(shown, send, below), "textarea")),
    button(shown.pinned ? "Unpin" : "Pin", "wb-quiet wb-outlined", () => send({ type: "pin", id: shown.id, pinned: !shown.pinned })),
    ...(shown.state === "active" ? [] : [button("Restore", "wb-quiet wb-outlined", () => send({ type: "restore", id: shown.id }))]),
    button("Forget …", "wb-quiet wb-outlined wb-danger", () => show(confirmation(shown, send, below), ".wb-keep")),
  );
  const box = element("div");
  box.append(bar, below);
  return box;
}

function editor(shown, send, below) {
  const form = element("form", "wb-correction");
  const field = element("textarea");
  field.rows = 3;
  field.value = shown.text;
  const row = element("div", "wb-row");
  row.append(element("button", "wb-button", "Save"), button("Cancel", "wb-quiet wb-outlined", () => below.replaceChildren()));
  form.append(labelled("The text of this memory", field, "wb-grow"), row);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ type: "edit", id: shown.id, text: field.value });
  });
  return form;
}

function confirmation(shown, send, below) {
  const box = element("div", "wb-confirm");
  box.setAttribute("role", "alertdialog");
  box.setAttribute("aria-label", "Forget this memory for good?");
  const row = element("div", "wb-row");
  const keep = button("Keep it", "wb-quiet wb-outlined wb-keep", () => below.replaceChildren());
  row.append(button("Forget for good", "wb-button wb-stop", () => send({ type: "forget", id: shown.id })), keep);
  box.append(element("p", "", "Forget this memory for good? It cannot be brought back."), row);
  return box;
}

function importance(found, today) {
  const box = element("div");
  box.append(element("h3", "", `Importance ${found.stored.toFixed(2)}`));
  if (!found.is_weighed) {
    box.append(element("p", "wb-empty", "It has not been weighed yet; the next consolidation does."));
    return box;
  }
  const pieces = found.shares.filter((share) => share.adds > 0.00005);
  box.append(
    stacked(pieces.map((share) => [share.name, share.adds]), IMPORTANCE_COLOURS, 0, 1, "Parts of the importance"),
    legend(pieces.map((share) => share.name), IMPORTANCE_COLOURS),
  );
  const table = element("table", "wb-table wb-shares");
  const head = element("tr");
  for (const name of ["Part", "Value", "Weight", "Adds"]) head.append(element("th", "", name));
  table.append(head);
  for (const share of found.shares) {
    const line = element("tr");
    for (const cell of [share.name, share.value.toFixed(2), String(share.weight), share.adds.toFixed(3)]) line.append(element("td", "", cell));
    table.append(line);
  }
  const more = element("details");
  more.append(element("summary", "", "The sum in figures"), table);
  box.append(more);
  if (Math.abs(found.importance - found.stored) > 0.005) {
    box.append(element("p", "wb-note", `With the weights of your settings it would be ${found.importance.toFixed(2)}; it was weighed with others.`));
  }
  if (Math.abs(today - found.stored) > 0.005) {
    box.append(element("p", "wb-note", `So it was weighed last. With its recalls and idle days of today it comes to ${today.toFixed(2)}.`));
  }
  return box;
}

function curve(shown, width) {
  const { height, left, right, top, bottom } = CURVE;
  const x = (day) => left + (day / shown.days) * (width - left - right);
  const y = (value) => height - bottom - value * (height - top - bottom);
  const picture = svg("svg", {});
  sized(picture, width, height, `Importance over the next ${shown.days} days: ${shown.sentence}`);
  for (const value of [0, 0.5, 1]) {
    picture.append(svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "wb-grid" }));
    picture.append(svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "wb-span" }, String(value)));
  }
  for (let day = 0; day <= shown.days; day += 30) {
    picture.append(svg("text", { x: x(day), y: height - bottom + 15, "text-anchor": day ? (day === shown.days ? "end" : "middle") : "start", class: "wb-span" }, String(day)));
  }
  picture.append(svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle", class: "wb-span" }, "days from now, without a recall"));
  const limit = y(shown.expire_below);
  picture.append(svg("line", { x1: left, x2: width - right, y1: limit, y2: limit, class: "wb-limit", "stroke-dasharray": "5 4" }));
  picture.append(svg("text", { x: width - right, y: limit + 13, "text-anchor": "end", class: "wb-limit-name" }, `expires below ${shown.expire_below}`));
  const points = shown.values.map((value, day) => `${day ? "L" : "M"}${x(day).toFixed(1)} ${y(value).toFixed(1)}`);
  picture.append(svg("path", { d: points.join(" "), class: "wb-line" }));
  if (shown.crosses !== null) {
    const at = { cx: x(shown.crosses), cy: y(shown.values[shown.crosses]), r: 5, class: "wb-crossing" };
    picture.append(svg("circle", at));
  }
  return picture;
}

function change(one) {
  const item = element("li");
  item.append(element("span", "wb-strong", one.what), ` ${one.when}`, element("span", "wb-note", one.why ? ` ${one.why}` : ""));
  return item;
}

function tied(label, memory, send) {
  const line = element("p", "wb-tied");
  line.append(element("span", "wb-note", `${label} `), button(memory.text, "wb-row-open", () => send({ type: "choose", id: memory.id })));
  return line;
}

function story(found, send) {
  const box = element("div");
  box.append(element("h3", "", "History"));
  if (found.replaced_by) box.append(tied("Replaced by", found.replaced_by, send));
  for (const memory of found.replaces) box.append(tied(memory.state === "merged" ? "Merged into it:" : "It replaced:", memory, send));
  const list = element("ul", "wb-reasons");
  list.append(...found.changes.map(change));
  box.append(list);
  return box;
}

function render({ model, el }) {
  const send = (message) => model.send(message);
  const root = panel("One memory", "wb-memory-card");
  const frame = element("div");
  root.append(frame);
  el.append(root);
  let fit = null, last = null;

  follow(model, ["shown"], (shown) => {
    fit?.stop();
    if (!shown.id) {
      last = null;
      frame.replaceChildren(element("p", "wb-empty", "Choose a memory in the table, among the hits or on the map."));
      return;
    }
    const outlook = element("div");
    const drawing = element("div", "wb-curve");
    outlook.append(element("h3", "", "If nobody recalls it"), element("p", "wb-note", shown.fading.sentence), drawing);
    frame.replaceChildren(
      element("p", "wb-memory-whole", shown.text), actions(shown, send), facts(shown), importance(shown.anatomy, shown.today),
      ...(shown.anatomy.is_weighed ? [outlook] : []), story(shown.story, send),
    );
    const { top } = root.getBoundingClientRect();
    const inSight = top >= 0 && top < window.innerHeight * 0.6;
    if (last !== shown.id && !inSight) root.scrollIntoView({ block: "start", behavior: "smooth" });
    last = shown.id;
    fit = fitted(drawing, (width) => drawing.replaceChildren(curve(shown.fading, width)));
  });
  return () => fit?.stop();
}

export default { render };
