// A chart that stays when its data change: the drawing is made once, and after that only figures travel.
// vegaEmbed is in scope: vl-convert bundles it with this file, so that no address is asked for it.
async function render({ model, el }) {
  const place = document.createElement("div");
  place.className = "rk-chart";
  place.setAttribute("role", "img");
  el.appendChild(place);
  let view = null, turn = 0;

  function drawn(from) {
    model.set("drawn_ms", performance.now() - from);
    model.save_changes();
    place.dataset.drawn = String(Number(place.dataset.drawn || 0) + 1);
  }
  async function embed() {
    const mine = ++turn, from = performance.now();
    const spec = structuredClone(model.get("spec"));
    if (!spec || !spec.$schema) return;
    const room = el.clientWidth - 96;  // what axis labels and a margin leave
    if (room > 360) for (const part of spec.vconcat || [spec]) part.width = room;
    spec.datasets = structuredClone(model.get("data"));
    place.setAttribute("aria-label", spec.description || "");
    if (view) { view.finalize(); view = null; }
    try {
      const result = await vegaEmbed(place, spec, { actions: false, renderer: "svg" });
      if (mine !== turn) { result.finalize(); return; }
      view = result.view;
      drawn(from);
    } catch (error) {
      place.textContent = `The chart could not be drawn: ${error.message}`;
    }
  }
  async function update() {
    if (!view) return;
    const from = performance.now();
    for (const [name, rows] of Object.entries(structuredClone(model.get("data")))) view.data(name, rows);
    await view.runAsync();
    drawn(from);
  }
  model.on("change:spec", embed);
  model.on("change:data", () => { if (!model.hasChanged || !model.hasChanged("spec")) update(); });
  await embed();
  return () => { if (view) view.finalize(); };
}
export default { render };
