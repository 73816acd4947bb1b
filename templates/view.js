/* What a reader chose of the charts, kept in the page's address after a "?": a link shows the same view. */
const anchor = () => location.hash.slice(1).split("?")[0];
const MAPS = { smooth: Number, alone: String, trial: String, zooms: (text) => range(text) };
const range = (text) => { // "12:60"
  const ends = text.split(":").map(Number);
  return ends.length === 2 && ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : null;
};
const told = (ends) => ends.map((end) => Number(end.toPrecision(6))).join(":");
const viewed = () => {
  const said = new URLSearchParams();
  if (state.x !== "step") said.set("x", state.x);
  if (state.zoom) said.set("zoom", told(state.zoom));
  for (const name of Object.keys(MAPS)) for (const [id, value] of state[name]) if (value !== null) said.set(`${name}.${id}`, name === "zooms" ? told(value) : value);
  for (const id of state.log) said.set(`log.${id}`, "");
  for (const [id, names] of state.held) for (const name of names) said.append(`held.${id}`, name);
  return said.toString();
};
const remember = () => {
  const said = viewed(), hash = anchor() + (said && `?${said}`);
  if (hash === location.hash.slice(1)) return;
  try { history.replaceState(null, "", `#${hash}`); } catch { /* a frame without an address of its own */ }
};
const restore = () => {
  for (const [key, value] of new URLSearchParams(location.hash.split("?")[1] ?? "")) {
    const [name, id] = [key.split(".")[0], key.slice(key.indexOf(".") + 1)];
    if (key === "x" && page.runs.some((run) => run[value])) state.x = value;
    else if (key === "zoom") state.zoom = range(value);
    else if (!page.charts[id]) continue;
    else if (name === "log") state.log.add(id);
    else if (name === "held") state.held.set(id, (state.held.get(id) ?? new Set()).add(value));
    else if (Object.hasOwn(MAPS, name)) state[name].set(id, MAPS[name](value));
  }
  reflect();
};
const reflect = () => { // the controls say what the charts show
  const first = (control) => chartsOf(control)[0]?.dataset.chart;
  for (const control of all("[data-act=smooth]")) if (state.smooth.has(first(control))) { control.value = state.smooth.get(first(control)); say(control); }
  for (const control of all("[data-act=log]")) control.setAttribute("aria-pressed", String(state.log.has(first(control))));
  for (const control of all("[data-act=x]")) control.setAttribute("aria-pressed", String(control.dataset.x === state.x));
  for (const control of all("[data-layer]")) control.setAttribute("aria-pressed", String(state.alone.get(first(control)) === control.dataset.layer));
  for (const control of all("[data-trial]")) control.setAttribute("aria-pressed", String(state.trial.get(first(control)) === control.dataset.trial));
  unzoomable();
};
const say = (control) => { control.nextElementSibling.textContent = Number(control.value) ? `${Number(control.value)} %` : "raw"; };
addEventListener("hashchange", () => { // a link within the page keeps the view, one with a view of its own shows that
  if (!location.hash.includes("?")) return remember();
  Object.assign(state, { x: "step", zoom: null });
  for (const kept of [...Object.keys(MAPS), "log", "held"]) state[kept].clear();
  restore();
  unpin();
  again();
});
