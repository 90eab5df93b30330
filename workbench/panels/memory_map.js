// Memories in two dimensions: near ones say similar things, larger ones matter more. A click opens one.

const PLOT = { left: 14, right: 14, top: 10, bottom: 24 };

// Map places to pixels; what is recalled or asked may lie outside the sample and still belongs on the page.
function scales(shown, marks, width, height) {
  const places = [...shown.spots.map((spot) => spot.at), ...marks.recalled, ...(marks.question ? [marks.question] : [])];
  const range = (axis) => {
    const values = places.map((place) => place[axis]);
    const low = Math.min(...values), high = Math.max(...values);
    const room = (high - low || 1) * 0.06;
    return [low - room, high + room];
  };
  const [x0, x1] = range(0), [y0, y1] = range(1);
  return {
    x: (place) => PLOT.left + ((place[0] - x0) / (x1 - x0)) * (width - PLOT.left - PLOT.right),
    y: (place) => height - PLOT.bottom - ((place[1] - y0) / (y1 - y0)) * (height - PLOT.top - PLOT.bottom),
  };
}

function star(x, y) {
  const corners = Array.from({ length: 10 }, (_, corner) => {
    const radius = corner % 2 ? 4 : 10, angle = (Math.PI / 5) * corner - Math.PI / 2;
    return `${(x + radius * Math.cos(angle)).toFixed(1)},${(y + radius * Math.sin(angle)).toFixed(1)}`;
  });
  return svg("polygon", { points: corners.join(" "), class: "wb-star", "data-tip": "the question" });
}

function draw(shown, marks, by, width) {
  const height = Math.round(Math.min(420, Math.max(260, width * 0.72)));
  const colours = by === "tier" ? TIER_COLOURS : KIND_COLOURS;
  const { x, y } = scales(shown, marks, width, height);
  const hidden = new Set(marks.hidden);
  const picture = svg("svg", { class: "wb-map" });
  sized(picture, width, height, `Map of memories, coloured by ${by}. ${shown.note}`);
  picture.append(svg("rect", { x: PLOT.left, y: PLOT.top, width: width - PLOT.left - PLOT.right, height: height - PLOT.top - PLOT.bottom, class: "wb-frame" }));
  const [first, second] = shown.explained.map((share) => `${(share * 100).toFixed(0)} % of the variance`);
  picture.append(svg("text", { x: width / 2, y: height - 6, "text-anchor": "middle", class: "wb-span" }, `1st component (${first})`));
  const turned = `rotate(-90 9 ${height / 2})`;
  picture.append(svg("text", { x: 9, y: height / 2, "text-anchor": "middle", class: "wb-span", transform: turned }, `2nd component (${second})`));
  // Large ones first, so that small ones on top of them can be hit.
  const order = shown.spots.map((spot, place) => place).sort((a, b) => shown.spots[b].importance - shown.spots[a].importance);
  for (const place of order) {
    const spot = shown.spots[place];
    const mark = svg("circle", {
      cx: x(spot.at).toFixed(1), cy: y(spot.at).toFixed(1), r: (2.5 + 6.5 * Math.sqrt(spot.importance)).toFixed(1),
      fill: colours[spot.kind === undefined ? "" : spot[by]] ?? GREY, class: hidden.has(place) ? "wb-spot wb-faint" : "wb-spot",
      "data-id": spot.id, "data-tip": `${spot.text}\n${spot.kind}, ${spot.tier}-term, importance ${spot.importance.toFixed(2)}`,
    });
    picture.append(mark);
    if (spot.id === marks.chosen) picture.append(svg("circle", { cx: x(spot.at), cy: y(spot.at), r: 13, class: "wb-ring wb-ring-chosen" }));
  }
  for (const place of marks.recalled) picture.append(svg("circle", { cx: x(place), cy: y(place), r: 11, class: "wb-ring" }));
  if (marks.question) picture.append(star(x(marks.question), y(marks.question)));
  return picture;
}

function keys(shown, marks, by) {
  const colours = by === "tier" ? TIER_COLOURS : KIND_COLOURS;
  const names = Object.keys(colours).filter((name) => shown.spots.some((spot) => spot[by] === name));
  const list = legend(names, colours);
  if (marks.question) list.append(element("li", "", "★ the question, ○ what it recalls"));
  return list;
}

function render({ model, el }) {
  const root = panel("Map of memories", "wb-memory-map");
  const by = element("select", "wb-input");
  options(by, [["kind", "kind"], ["tier", "tier"]]);
  const note = element("p", "wb-note");
  const frame = element("div", "wb-map-frame");
  const about = element("div");
  const drawing = element("div");
  frame.append(drawing);
  root.append(labelled("Colour by", by, "wb-inline"), about, frame, note);
  el.append(root);
  tips(frame);
  frame.addEventListener("click", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (id) model.send({ type: "choose", id });
  });
  const fit = fitted(frame, (width) => {
    const shown = model.get("shown"), marks = model.get("marks");
    if (!shown.spots?.length) {
      about.replaceChildren();
      drawing.replaceChildren(element("p", "wb-empty", "There is nothing to draw yet."));
      note.textContent = "";
      return;
    }
    about.replaceChildren(keys(shown, marks, by.value));
    drawing.replaceChildren(draw(shown, marks, by.value, width));
    note.textContent = `${shown.note}. Near ones say similar things; larger ones matter more. What the filters hide is faint.`;
  });
  by.addEventListener("change", fit.redraw);
  follow(model, ["shown", "marks"], fit.redraw);
  return fit.stop;
}

export default { render };
