// What the latest answer rests on: memories, model, confidence. Text is put on the page as text.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function memories(shown) {
  if (!shown.memories?.length) {
    return element("p", "wb-empty", shown.recall_done ? "No memory was near enough to this question." : "No question yet.");
  }
  const list = element("ul", "wb-memories");
  for (const memory of shown.memories) {
    const item = element("li");
    const meter = element("meter");
    meter.min = 0;
    meter.max = 1;
    meter.value = Math.max(0, memory.score);
    meter.setAttribute("aria-label", `similarity ${memory.score}`);
    item.append(element("span", "wb-memory-text", memory.text), meter, element("span", "wb-note", memory.why));
    list.append(item);
  }
  return list;
}

function model(shown) {
  const box = element("div", "wb-model");
  const { name, backend, adapter, reasons, refused } = shown.model;
  box.append(element("p", "wb-strong", `${name} (${backend})${adapter ? ` with adapter ${adapter}` : ""}`));
  const why = element("ul", "wb-reasons");
  for (const reason of reasons) why.append(element("li", "", reason));
  box.append(why);
  if (refused.length) {
    const more = element("details");
    more.append(element("summary", "", `Not chosen (${refused.length})`));
    const list = element("ul", "wb-reasons");
    for (const one of refused) list.append(element("li", "", one));
    more.append(list);
    box.append(more);
  }
  return box;
}

function confidence(shown) {
  const { value, source, detail } = shown.confidence;
  const line = element("p", "", "");
  line.append(element("span", "wb-strong", `${Math.round(value * 100)} %`), ` by ${source}${detail ? ` (${detail})` : ""}`);
  return line;
}

function draw(frame, shown) {
  frame.replaceChildren(element("h2", "", "Memories used"), memories(shown));
  if (shown.model) frame.append(element("h2", "", "Model"), model(shown));
  if (shown.confidence) frame.append(element("h2", "", "Confidence"), confidence(shown));
  if (shown.tokens) frame.append(element("p", "wb-note", shown.tokens));
}

function render({ model: state, el }) {
  const root = element("section", "wb-panel wb-facts");
  root.setAttribute("aria-label", "What the answer rests on");
  el.append(root);
  let last = "";
  const redraw = () => {
    const json = JSON.stringify(state.get("shown"));
    if (json === last) return;
    last = json;
    draw(root, state.get("shown"));
  };
  state.on("change:shown", redraw);
  redraw();
}

export default { render };
