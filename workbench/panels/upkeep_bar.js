// What memory does beside answering: a sentence and a progress bar, or nothing.

const SENTENCES = { embedding: "Embedding memories anew", consolidating: "Consolidating memories" };

function render({ model, el }) {
  const row = document.createElement("p");
  row.className = "wb-note wb-upkeep";
  const label = document.createElement("label");
  const bar = document.createElement("progress");
  label.append(bar);
  const said = document.createElement("span");
  row.append(label, said);
  el.append(row);
  const show = () => {
    const { what, done, of } = model.get("shown");
    row.hidden = !what;
    if (!what) return;
    bar.max = of;
    bar.value = done;
    said.textContent = ` ${SENTENCES[what] ?? what}: ${done.toLocaleString("en")} of ${of.toLocaleString("en")}. You can go on working.`;
    bar.setAttribute("aria-label", SENTENCES[what] ?? what);
  };
  model.on("change:shown", show);
  show();
}

export default { render };
