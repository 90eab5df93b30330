// The latest turn as bars on a time axis, as SVG.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 20, LEFT = 104, RIGHT = 56, WIDTH = 460, TOP = 6, AXIS = 34;

function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function span(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function tickStep(totalS) {
  const step = totalS / 4 || 0.25;
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].find((factor) => factor * power >= step) * power;
}

function axis(totalMs, x, bottom) {
  const group = svg("g", { class: "wb-axis" });
  const step = tickStep(totalMs / 1000);
  for (let at = 0; at <= totalMs / 1000 + 1e-9; at += step) {
    const place = x(at * 1000);
    group.append(svg("line", { x1: place, x2: place, y1: TOP, y2: bottom, class: "wb-grid" }));
    group.append(svg("text", { x: place, y: bottom + 14, "text-anchor": "middle" }, String(+at.toFixed(3))));
  }
  group.append(svg("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: bottom + 29, "text-anchor": "middle" }, "seconds since the turn began"));
  return group;
}

function barRow(bar, row, x) {
  const group = svg("g", { class: `wb-bar wb-bar-${bar.kind}`, "data-name": bar.name });
  const y = TOP + row * ROW;
  const inner = bar.kind !== "step";
  const width = Math.max(x(bar.duration_ms) - x(0), 2);
  const words = `${bar.name}: ${span(bar.duration_ms)}${bar.running ? " so far" : ""}`;
  group.append(svg("title", {}, words));
  group.append(svg("text", { x: inner ? 14 : 2, y: y + 13, class: inner ? "wb-inner" : "" }, bar.name));
  const shape = { x: x(bar.start_ms), y: y + (inner ? 5 : 3), width, height: inner ? 9 : 13, rx: 2 };
  group.append(svg("rect", { ...shape, class: bar.running ? "wb-running" : "" }));
  group.append(svg("text", { x: Math.min(x(bar.start_ms) + width + 4, WIDTH - RIGHT + 4), y: y + 13, class: "wb-span" }, span(bar.duration_ms)));
  return group;
}

function describe(shown) {
  if (!shown.bars?.length) return "No turn yet";
  return shown.bars.map((bar) => `${bar.name} ${span(bar.duration_ms)}`).join(", ");
}

function draw(frame, shown) {
  frame.replaceChildren();
  const bars = shown.bars ?? [];
  if (!bars.length) {
    const hint = document.createElement("p");
    hint.className = "wb-empty";
    hint.textContent = "The steps of a turn appear here as they happen.";
    frame.append(hint);
    return;
  }
  const total = Math.max(shown.total_ms, 1);
  const x = (ms) => LEFT + (ms / total) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + bars.length * ROW;
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${bottom + AXIS}`, role: "img", "aria-label": describe(shown) });
  picture.append(axis(total, x, bottom));
  bars.forEach((bar, row) => picture.append(barRow(bar, row, x)));
  frame.append(picture);
}

function render({ model, el }) {
  const root = document.createElement("section");
  root.className = "wb-panel wb-timeline";
  root.setAttribute("aria-label", "Timeline of the turn");
  const title = document.createElement("h2");
  title.textContent = "Timeline of the turn";
  const frame = document.createElement("div");
  root.append(title, frame);
  el.append(root);
  const redraw = () => draw(frame, model.get("shown"));
  model.on("change:shown", redraw);
  redraw();
}

export default { render };
