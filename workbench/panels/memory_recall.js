// A question, what it recalls, and each score as the sum of its parts.

function makeForm(send) {
  const form = element("form", "wb-form wb-explain-form");
  const question = Object.assign(element("input", "wb-input"), { type: "text" });
  question.placeholder = "What would you ask the agent?";
  const most = Object.assign(element("input", "wb-input wb-k"), { type: "number", min: 1, max: 20, value: 5 });
  form.append(
    labelled("Question", question, "wb-grow"), labelled("Hits", most), element("button", "wb-button", "Explain"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ type: "explain", question: question.value, k: Math.round(Number(most.value)) || 5 });
  });
  return form;
}

function hit(found, place, shown, send) {
  const item = element("li", found.handed ? "" : "wb-not-handed");
  item.dataset.id = found.id;
  const line = element("div", "wb-row");
  line.append(
    element("span", "wb-rank", `${place}.`), button(found.text, "wb-row-open", () => send({ type: "choose", id: found.id })),
    element("span", "wb-score", found.score.toFixed(2)),
  );
  item.append(line, stacked(found.parts, SCORE_COLOURS, shown.low, shown.high, `Parts of the score ${found.score.toFixed(2)}`));
  item.append(element("p", "wb-note wb-why", found.why));
  return item;
}

function render({ model, el }) {
  const send = (message) => model.send(message);
  const root = panel("Why would it recall that?", "wb-memory-recall");
  const result = element("div", "wb-recall-result");
  result.setAttribute("aria-live", "polite");
  root.append(makeForm(send), result);
  el.append(root);

  follow(model, ["shown"], (shown) => {
    if (!shown.question) {
      result.replaceChildren(element("p", "wb-empty", "Looking does not count as a recall, and no model is asked."));
      return;
    }
    if (!shown.hits.length) {
      result.replaceChildren(element("p", "wb-empty", `Nothing is recalled for “${shown.question}”.`));
      return;
    }
    const names = Object.keys(SCORE_COLOURS).filter((name) => shown.hits.some((one) => one.parts.some(([part]) => part === name)));
    const list = element("ol", "wb-hits");
    list.append(...shown.hits.map((one, place) => hit(one, place + 1, shown, send)));
    const faded = shown.hits.every((one) => one.handed) ? "" : " What is faded the agent would not be handed: too far down, too unlike, or no room.";
    result.replaceChildren(element("p", "wb-note", `For “${shown.question}”.${faded}`), legend(names, SCORE_COLOURS), list);
  });
}

export default { render };
