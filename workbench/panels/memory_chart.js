// VRAM or resident memory over the last seconds, as SVG. As long as the page lives it says `watching`.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 460, HEIGHT = 190, LEFT = 44, RIGHT = 12, TOP = 24, BOTTOM = 152;
const HEARTBEAT_MS = 20000;

function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function grid(shown, x, y) {
  const group = svg("g", { class: "wb-axis" });
  for (let third = 0; third <= 3; third += 1) {
    const gib = (shown.top_gib * third) / 3;
    group.append(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(gib), y2: y(gib), class: "wb-grid" }));
    group.append(svg("text", { x: LEFT - 6, y: y(gib) + 4, "text-anchor": "end" }, String(+gib.toFixed(3))));
  }
  for (let quarter = 0; quarter <= 4; quarter += 1) {
    const at = -shown.window_s + (shown.window_s * quarter) / 4;
    group.append(svg("text", { x: x(at), y: BOTTOM + 16, "text-anchor": quarter === 4 ? "end" : "middle" }, String(at)));
  }
  group.append(svg("text", { x: 4, y: 12 }, "GiB"));
  group.append(svg("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: BOTTOM + 32, "text-anchor": "middle" }, "seconds before now"));
  return group;
}

function budget(shown, y) {
  const group = svg("g", { class: "wb-budget" });
  const at = shown.budget_fits ? y(shown.budget_gib) : TOP - 8;
  group.append(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at, "stroke-dasharray": "5 4" }));
  const words = `budget ${shown.budget_gib} GiB${shown.budget_fits ? "" : " (above this scale)"}`;
  group.append(svg("text", { x: WIDTH - RIGHT, y: at - 4, "text-anchor": "end" }, words));
  return group;
}

function draw(picture, shown) {
  const x = (at) => LEFT + (1 + at / shown.window_s) * (WIDTH - LEFT - RIGHT);
  const y = (gib) => BOTTOM - (gib / shown.top_gib) * (BOTTOM - TOP);
  const line = shown.points.map(([at, gib], index) => `${index ? "L" : "M"}${x(at).toFixed(1)} ${y(gib).toFixed(1)}`).join(" ");
  const first = x(shown.points[0][0]).toFixed(1), last = x(shown.points.at(-1)[0]).toFixed(1);
  const dot = { cx: last, cy: y(shown.points.at(-1)[1]).toFixed(1), r: 3.5, class: "wb-dot" };
  picture.setAttribute("aria-label", `${shown.label}: ${shown.now}`);
  picture.replaceChildren(
    grid(shown, x, y),
    svg("path", { d: `${line} L${last} ${BOTTOM} L${first} ${BOTTOM} Z`, class: "wb-area" }),
    svg("path", { d: line, class: "wb-line" }),
    svg("circle", dot),
    budget(shown, y),
  );
}

function render({ model, el }) {
  const root = document.createElement("section");
  root.className = "wb-panel wb-memory-chart";
  const title = document.createElement("h2");
  const now = document.createElement("p");
  now.className = "wb-now";
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  root.append(title, now, picture);
  el.append(root);
  const redraw = () => {
    const shown = model.get("shown");
    const ready = Boolean(shown.points?.length);
    const label = ready ? shown.label[0].toUpperCase() + shown.label.slice(1) : "Memory of this machine";
    title.textContent = label;
    root.setAttribute("aria-label", label);
    now.textContent = ready ? `${shown.now} · ${shown.device}` : "Reading …";
    if (ready) draw(picture, shown);
  };
  const watching = () => model.send({ type: "watching" });
  const heartbeat = setInterval(watching, HEARTBEAT_MS);
  model.on("change:shown", redraw);
  redraw();
  watching();
  return () => clearInterval(heartbeat);
}

export default { render };
