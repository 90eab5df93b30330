// What the memory widgets share; it stands at the top of each of them. Text is put on the page as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
// Okabe and Ito's colours, in an order whose neighbours differ in lightness too.
const BLUE = "#0072b2", ORANGE = "#e69f00", GREEN = "#009e73", SKY = "#56b4e9", VERMILLION = "#d55e00", PURPLE = "#cc79a7";
const GREY = "#8c8c8c", LIGHT = "#c9c9c9", INK = "#222222";
const KIND_COLOURS = { fact: BLUE, event: ORANGE, preference: GREEN, procedure: VERMILLION, document: PURPLE };
const TIER_COLOURS = { short: ORANGE, long: BLUE };
const SCORE_COLOURS = {
  words: BLUE, cosine: ORANGE, session: SKY, speaker: GREEN, month: VERMILLION,
  time: PURPLE, "first person": GREY, stated: LIGHT, asks: INK,
};
const IMPORTANCE_COLOURS = {
  novelty: BLUE, specificity: ORANGE, explicit: GREEN, feedback: SKY, recalled: VERMILLION,
  recency: PURPLE, "asked to remember": GREY,
};

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(label, className, act) {
  const made = element("button", className, label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function panel(title, className) {
  const root = element("section", `wb-panel ${className}`);
  root.setAttribute("aria-label", title);
  root.append(element("h2", "", title));
  return root;
}

// A control with its label above it.
function labelled(label, control, className) {
  const box = element("label", `wb-labelled ${className ?? ""}`);
  box.append(element("span", "wb-note", label), control);
  return box;
}

function options(select, pairs) {
  const kept = select.value;
  select.replaceChildren(...pairs.map(([value, label]) => {
    const option = element("option", "", label);
    option.value = value;
    return option;
  }));
  if (pairs.some(([value]) => value === kept)) select.value = kept;
}

// Draw now, and again whenever one of the traits has really changed.
function follow(model, traits, draw) {
  let last = "";
  const look = () => {
    const json = JSON.stringify(traits.map((trait) => model.get(trait)));
    if (json === last) return;
    last = json;
    draw(...traits.map((trait) => model.get(trait)));
  };
  for (const trait of traits) model.on(`change:${trait}`, look);
  look();
}

// Call `draw(width)` with the true width in pixels, so that letters keep their size on a narrow page.
function fitted(box, draw) {
  let last = 0;
  const watcher = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width < 40 || Math.abs(width - last) < 2) return;
    last = width;
    draw(width);
  });
  watcher.observe(box);
  return { redraw: () => last && draw(last), stop: () => watcher.disconnect() };
}

function sized(picture, width, height, label) {
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.setAttribute("height", height);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", label);
}

// A bar made of coloured parts: those below zero to the left of it. `low` and `high` are the ends of the scale.
function stacked(parts, colours, low, high, label) {
  const span = high - low || 1;
  const bar = element("div", "wb-stack");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", `${label}: ${parts.map(([name, value]) => `${name} ${value.toFixed(2)}`).join(", ")}`);
  let right = -low, left = -low;
  for (const [name, value] of parts) {
    if (!value) continue;
    const piece = element("span", "wb-stack-part");
    if (value < 0) left += value;
    piece.style.left = `${((value < 0 ? left : right) / span) * 100}%`;
    piece.style.width = `${(Math.abs(value) / span) * 100}%`;
    piece.style.background = colours[name] ?? GREY;
    piece.title = `${name} ${value.toFixed(3)}`;
    piece.dataset.name = name;
    if (value > 0) right += value;
    bar.append(piece);
  }
  if (low < 0) {
    const zero = element("span", "wb-stack-zero");
    zero.style.left = `${(-low / span) * 100}%`;
    bar.append(zero);
  }
  return bar;
}

function legend(names, colours) {
  const list = element("ul", "wb-legend");
  for (const name of names) {
    const item = element("li");
    const key = element("span", "wb-key");
    key.style.background = colours[name] ?? GREY;
    item.append(key, name);
    list.append(item);
  }
  return list;
}

// A small label that follows the pointer over marks with a `data-tip`.
function tips(box) {
  const tip = element("div", "wb-tip");
  tip.hidden = true;
  box.append(tip);
  box.addEventListener("pointermove", (event) => {
    const mark = event.target.closest("[data-tip]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    const frame = box.getBoundingClientRect();
    const x = Math.min(event.clientX - frame.left + 12, Math.max(0, frame.width - tip.offsetWidth - 4));
    tip.style.left = `${x}px`;
    tip.style.top = `${event.clientY - frame.top + 14}px`;
  });
  box.addEventListener("pointerleave", () => (tip.hidden = true));
}

