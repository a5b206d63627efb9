// An editable table with real inputs: edits, pastes and clicks are sent to the kernel, which alone decides what they mean.
function render({ model, el }) {
  const table = document.createElement("table");
  table.className = "rk-table";
  table.setAttribute("aria-label", model.get("label"));
  el.appendChild(table);
  let cells = new Map();
  let shape = "";

  const send = (kind, row, column, value) => model.send({ kind, row, column, value });

  function control(column, row, at) {
    if (column.kind === "select") {
      const box = document.createElement("select");
      for (const option of column.options) box.add(new Option(option === "" ? "–" : option, option));
      box.onchange = () => send("edit", at, column.key, box.value);
      return box;
    }
    if (column.kind === "button") {
      const box = document.createElement("button");
      box.type = "button";
      box.textContent = column.text;
      box.onclick = () => send("edit", at, column.key, true);
      return box;
    }
    const box = document.createElement("input");
    box.type = column.kind === "check" ? "checkbox" : "text";
    box.autocomplete = "off";
    box.spellcheck = false;
    if (column.kind === "check") {
      box.onchange = () => send("edit", at, column.key, box.checked);
      return box;
    }
    if (column.kind === "number") box.inputMode = "decimal";
    box.onchange = () => { box.dataset.sent = box.value; send("edit", at, column.key, box.value); };
    box.onkeydown = (event) => {
      const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = cells.get(`${at + step}.${column.key}`);
      if (next && next.box && next.box.type === "text") { next.box.focus(); next.box.select(); }
      else box.blur();
    };
    box.onpaste = (event) => {
      const text = event.clipboardData.getData("text/plain");
      if (!/[\t\n;]/.test(text.trim())) return;
      event.preventDefault();
      box.blur();
      model.send({ kind: "paste", row: at, column: column.key, value: text });
    };
    return box;
  }

  function build() {
    table.replaceChildren();
    cells = new Map();
    const columns = model.get("columns");
    const head = table.createTHead().insertRow();
    for (const column of columns) {
      const th = document.createElement("th");
      th.textContent = column.title;
      th.title = column.tip || "";
      th.scope = "col";
      if (column.kind === "number" || column.right) th.className = "rk-number";
      head.appendChild(th);
    }
    const body = table.createTBody();
    model.get("rows").forEach((row, at) => {
      const tr = body.insertRow();
      for (const column of columns) {
        const td = tr.insertCell();
        const fixed = column.kind === "text" || (row._fixed || []).includes(column.key);
        const box = fixed ? null : control(column, row, at);
        const said = document.createElement("div");
        said.className = "rk-fault";
        said.setAttribute("role", "alert");
        if (box) {
          box.title = column.tip || "";
          box.style.width = column.width || "";
          box.setAttribute("aria-label", `${column.title}, ${row._name || at + 1}`);
          td.append(box, said);
        } else td.className = column.wide ? "rk-wide" : "rk-lines";
        if (column.kind === "number" || column.right) td.classList.add("rk-number");
        cells.set(`${at}.${column.key}`, { td, box, said });
      }
    });
  }

  function fill() {
    const rows = model.get("rows"), columns = model.get("columns"), faults = model.get("faults");
    const now = JSON.stringify([columns, rows.map((row) => [row._name, row._fixed])]);
    if (now !== shape) { shape = now; build(); }
    rows.forEach((row, at) => {
      for (const column of columns) {
        const { td, box, said } = cells.get(`${at}.${column.key}`);
        const value = row[column.key] ?? "";
        const fault = faults[`${at}.${column.key}`] || "";
        if (!box) {
          const lines = String(value).split("\n").map((text, n) => {
            const line = document.createElement(n === 0 && column.strong ? "b" : "span");
            line.textContent = text;
            return line;
          });
          td.replaceChildren(...lines);
          continue;
        }
        if (column.kind === "button") continue;
        if (column.kind === "check") box.checked = Boolean(value);
        else if (box !== document.activeElement || box.value === box.dataset.sent) box.value = value;
        said.textContent = fault;
        box.setAttribute("aria-invalid", fault ? "true" : "false");
      }
    });
  }

  model.on("change:rows", fill);
  model.on("change:faults", fill);
  model.on("change:columns", fill);
  fill();
}
export default { render };
