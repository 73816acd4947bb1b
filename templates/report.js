/* The page's controls: buttons, sliders, search, deep links. */
/* the controls */
const chartsOf = (control) => {
  const scope = control.closest(".scope"), target = scope ? document.getElementById(scope.dataset.for) : one(".chart", control.closest("figure"));
  return target.matches(".chart") ? [target] : all(".chart", target);
};
const press = (buttons, chosen) => { for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen)); };
const acts = {
  csv: () => csv(),
  card: (button) => copy(page.card, button),
  whole: (button) => { const drawn = chartsOf(button).map((element) => live.get(element)).find(Boolean); if (drawn) zoom(null, drawn); },
  png: async (button) => { for (const element of chartsOf(button)) if (live.has(element)) await png(live.get(element)); },
  svg: async (button) => { for (const element of chartsOf(button)) if (live.has(element)) save(`${element.id}.svg`, new Blob([(await picture(live.get(element))).text], { type: "image/svg+xml" })); },
  spec: (button) => { const drawn = live.get(chartsOf(button)[0]); if (drawn) copy(vegalite(drawn), button); },
  log: (button) => {
    const on = button.getAttribute("aria-pressed") !== "true", charts = chartsOf(button);
    button.setAttribute("aria-pressed", String(on));
    const isPositive = (chart) => Object.values(pieces(page.charts[chart], chart)).flat().some((line) => line.y.some((value) => value > 0));
    for (const { dataset: { chart } } of charts) if (on && isPositive(chart)) state.log.add(chart); else state.log.delete(chart);
    again(charts);
  },
  x: (button) => {
    state.x = button.dataset.x;
    for (const other of all("[data-act=x]")) other.setAttribute("aria-pressed", String(other.dataset.x === state.x));
    again();
  },
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button && acts[button.dataset.act]) acts[button.dataset.act](button);
  const layer = event.target.closest("[data-layer]");
  if (layer) {
    const on = layer.getAttribute("aria-pressed") !== "true", charts = chartsOf(layer);
    press(all("[data-layer]", layer.closest(".key")), on ? layer : null);
    for (const { dataset: { chart } } of charts) if (on) state.alone.set(chart, layer.dataset.layer); else state.alone.delete(chart);
    again(charts);
  }
  const trial = event.target.closest("[data-trial]");
  if (trial) {
    const on = trial.getAttribute("aria-pressed") !== "true", charts = chartsOf(trial);
    press(all("[data-trial]", trial.closest(".key")), on ? trial : null);
    for (const { dataset: { chart } } of charts) if (on) state.trial.set(chart, trial.dataset.trial); else state.trial.delete(chart);
    again(charts);
  }
  const scheme = event.target.closest("[data-theme-choice]");
  if (scheme) {
    if (scheme.dataset.themeChoice) root.dataset.theme = scheme.dataset.themeChoice; else delete root.dataset.theme;
    press(all("[data-theme-choice]"), scheme);
  }
});
document.addEventListener("input", (event) => {
  const control = event.target;
  if (control.dataset.act === "smooth") {
    const level = Number(control.value), charts = chartsOf(control);
    say(control);
    for (const { dataset: { chart } } of charts) state.smooth.set(chart, level);
    again(charts);
  }
  if (control.dataset.find) {
    const wanted = control.value.trim().toLowerCase(), box = document.getElementById(control.dataset.find);
    for (const entry of all(":scope > details", box)) {
      const keys = all("dl > div", entry), named = keys.length && one("summary b", entry)?.textContent.toLowerCase().includes(wanted);
      for (const key of keys) key.hidden = !named && !key.textContent.toLowerCase().includes(wanted);
      entry.hidden = keys.length ? keys.every((key) => key.hidden) : !one("summary", entry).textContent.toLowerCase().includes(wanted);
      if (keys.length && wanted) entry.open = !entry.hidden;
    }
    const nothing = [...box.children].every((entry) => entry.hidden), said = one(".found", control.parentElement) ?? control.parentElement.appendChild(Object.assign(document.createElement("span"), { className: "found", role: "status" }));
    said.textContent = nothing ? `nothing matches \u201c${control.value.trim()}\u201d` : "";
  }
});
for (const choice of all("[data-act=x]")) choice.disabled = choice.dataset.x !== "step" && !page.runs.some((run) => run[choice.dataset.x]);
for (const choice of all("[data-layer], [data-trial]")) choice.disabled = false;

/* a metric drawn when it is opened */
const openMetric = (entry) => {
  const alias = entry.dataset.series, id = `metric-${alias}`;
  if (document.getElementById(id)) return;
  const { x, y } = series(alias), low = Math.min(...y), high = Math.max(...y);
  const step = niceStep((high - low || Math.abs(high) || 1) / 3), ylo = Math.floor(low / step) * step, yhi = Math.max(Math.ceil(high / step) * step, ylo + step);
  const other = Object.values(page.charts).find((chart) => chart.kind === "small"), reach = other?.wide.parameters ?? { xlo: x[0], xhi: Math.max(x.at(-1), x[0] + 1) };
  const parameters = { xlo: reach.xlo, xhi: reach.xhi, xticks: reach.xticks ?? ticks(reach.xlo, reach.xhi, 5), ylo, yhi, yticks: [ylo, yhi].map((value) => Number(value.toPrecision(10))) };
  page.charts[id] = { kind: "small", title: page.series[alias].name, unit: "", series: { raw: [alias] }, smoothing: Number(one("[data-act=smooth]", entry.closest("section"))?.value ?? 4), looks: {}, narrow: null,
    wide: { frame: [526, 180, 64, 8, 12, 22], parameters, rows: {} } };
  const box = Object.assign(document.createElement("div"), { className: "chart", id });
  box.dataset.chart = id;
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `${page.series[alias].name}; ${one(".said", entry).textContent}`);
  box.style.height = "180px";
  const figure = document.createElement("figure"), saving = Object.assign(document.createElement("p"), { className: "saving" });
  for (const [act, name] of [["png", "PNG"], ["svg", "SVG"], ["spec", "Vega-Lite"]]) {
    saving.append(Object.assign(document.createElement("button"), { type: "button", textContent: name }));
    saving.lastChild.dataset.act = act;
  }
  figure.append(box, saving);
  entry.append(figure);
  watch(box);
};
document.addEventListener("toggle", (event) => { if (event.target.open && event.target.dataset?.series) openMetric(event.target); }, true);

/* deep links open what they point at */
const named = (hash) => { try { return decodeURIComponent(hash); } catch { return hash; } }; // "%" alone is no code
const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(named(anchor()));
  if (!target) return;
  for (let box = target; box; box = box.parentElement) if (box.nodeName === "DETAILS") box.open = true;
  if (target.matches("tr")) { const inner = one("details", target); if (inner) inner.open = true; }
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
restore();
reveal();
phone.addEventListener("change", () => again());
for (const element of all(".chart[data-chart]")) watch(element);

const fresh = one("[data-act=refresh]"); // only on a page that `reportgen watch` keeps fresh
if (fresh) {
  const kept = (value) => { try { if (value !== undefined) sessionStorage.setItem("fresh", value); return sessionStorage.getItem("fresh"); } catch { return null; } };
  fresh.checked = kept() === "on";
  fresh.addEventListener("change", () => kept(fresh.checked ? "on" : "off"));
  setInterval(() => { if (fresh.checked) location.reload(); }, 60000);
}
