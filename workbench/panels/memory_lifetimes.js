// What happened to memories and when: a lane for each kind of change, a mark for each span of time, and the latest ones.

const LANE = { height: 26, left: 122, right: 18, top: 6, bottom: 26 };

function draw(shown, width) {
  const lanes = [...new Set(shown.bins.map((bin) => bin.what))];
  const height = LANE.top + LANE.bottom + lanes.length * LANE.height;
  const span = shown.end - shown.start || 1;
  const most = Math.max(...shown.bins.map((bin) => bin.count));
  const x = (at) => LANE.left + 10 + ((at - shown.start) / span) * (width - LANE.left - LANE.right - 20);
  const y = (what) => LANE.top + (lanes.indexOf(what) + 0.5) * LANE.height;
  const picture = svg("svg", { class: "wb-lanes" });
  sized(picture, width, height, `What happened when: ${lanes.map((what) => `${what} ${total(shown, what)}`).join(", ")}`);
  for (const what of lanes) {
    picture.append(svg("line", { x1: LANE.left, x2: width - LANE.right, y1: y(what), y2: y(what), class: "wb-grid" }));
    picture.append(svg("text", { x: LANE.left - 8, y: y(what) + 4, "text-anchor": "end" }, `${what} ${total(shown, what)}`));
  }
  for (const bin of shown.bins) {
    picture.append(svg("circle", {
      cx: x(bin.at).toFixed(1), cy: y(bin.what), r: (3 + 8 * Math.sqrt(bin.count / most)).toFixed(1), class: "wb-moment",
      "data-what": bin.what, "data-tip": `${bin.what}: ${bin.count} from ${bin.when}`, ...(bin.ids.length === 1 ? { "data-id": bin.ids[0] } : {}),
    }));
  }
  const [first, last] = shown.ends;
  picture.append(svg("text", { x: LANE.left, y: height - 8, class: "wb-span" }, first));
  if (last !== first && width > 330) picture.append(svg("text", { x: width - LANE.right, y: height - 8, "text-anchor": "end", class: "wb-span" }, last));
  return picture;
}

function total(shown, what) {
  return shown.bins.filter((bin) => bin.what === what).reduce((sum, bin) => sum + bin.count, 0);
}

function latest(shown, send) {
  const list = element("ul", "wb-latest");
  for (const one of shown.latest) {
    const item = element("li");
    item.append(element("span", "wb-strong", one.what), element("span", "wb-note", ` ${one.when} ${one.why}`));
    if (one.id) item.append(button(one.text, "wb-row-open", () => send({ type: "choose", id: one.id })));
    list.append(item);
  }
  return list;
}

function render({ model, el }) {
  const send = (message) => model.send(message);
  const root = panel("What happened when", "wb-memory-lifetimes");
  const frame = element("div", "wb-map-frame");
  const drawing = element("div");
  const more = element("details");
  const list = element("div");
  more.append(element("summary", "", "The latest changes"), list);
  frame.append(drawing);
  root.append(frame, more);
  el.append(root);
  tips(frame);
  frame.addEventListener("click", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (id) send({ type: "choose", id });
  });
  const fit = fitted(frame, (width) => {
    const shown = model.get("shown");
    const some = Boolean(shown.bins?.length);
    drawing.replaceChildren(some ? draw(shown, width) : element("p", "wb-empty", "Nothing has happened yet."));
    list.replaceChildren(...(some ? [latest(shown, send)] : []));
    more.hidden = !some;
  });
  follow(model, ["shown"], fit.redraw);
  return fit.stop;
}

export default { render };
