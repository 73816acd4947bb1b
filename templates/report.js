(() => {
"use strict";
const root = document.documentElement;
const one = (query, within = document) => within.querySelector(query);
const all = (query, within = document) => [...within.querySelectorAll(query)];
const page = JSON.parse(one("#page-data").textContent);
const phone = matchMedia("(max-width:640px)");
const LAYERS = { raw: "logged", smooth: "smoothed", trend: "trend", forecast: "forecast", eval: "eval", spread: "median", faint: "" };
const state = { x: "step", zoom: null, smooth: new Map(), log: new Set(), alone: new Map(), trial: new Map() };
const live = new Map(); // element of a chart -> what is drawn in it

/* numbers */
const minus = (text) => text.replace(/-/g, "\u2212");
const short = (value) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not known";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return minus(value.toExponential(3));
  return minus(Number(value.toPrecision(6)).toLocaleString("en-GB", { maximumFractionDigits: 8 }));
};
const shown = (value, factor) => (factor === 100 ? `${minus((100 * value).toFixed(2))}\u202f%` : short(value));
const niceStep = (rough) => {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9));
};
const ticks = (low, high, most) => {
  const step = niceStep((high - low) / Math.max(1, most)), list = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high * (1 + 1e-12) + step * 1e-9; at++) list.push(Number((at * step).toPrecision(12)));
  return list;
};
const nearest = (list, value) => { // position in an ascending list
  let low = 0, high = list.length - 1;
  while (high - low > 1) { const middle = (low + high) >> 1; if (list[middle] < value) low = middle; else high = middle; }
  return high < 0 ? -1 : Math.abs(list[low] - value) <= Math.abs(list[high] - value) ? low : high;
};

/* series: steps are kept as differences, decoded once */
const decoded = new Map();
const series = (alias) => {
  if (!decoded.has(alias)) {
    const given = page.series[alias];
    let step = 0;
    const x = Array.isArray(given.x) ? given.x.map((gap) => (step += gap)) : Array.from({ length: given.x.n }, (_, at) => given.x.from + at * given.x.by);
    decoded.set(alias, { ...given, x });
  }
  return decoded.get(alias);
};

/* the horizontal axis: steps, or seconds and tokens by step, straight lines between and beyond */
const along = (from, to, value) => {
  let at = nearest(from, value);
  at = Math.min(Math.max(from[at] > value ? at - 1 : at, 0), from.length - 2);
  return to[at] + ((value - from[at]) * (to[at + 1] - to[at])) / (from[at + 1] - from[at] || 1);
};
const clock = (run) => (state.x === "step" ? null : page.runs[run]?.[state.x] ?? null);
const unit = () => {
  if (state.x === "step") return { size: 1, name: "step" };
  const most = Math.max(...page.runs.map((run) => run[state.x]?.y.at(-1) ?? 0));
  if (state.x === "tokens") return most > 2e6 ? { size: 1e6, name: "million tokens" } : { size: 1e3, name: "thousand tokens" };
  return most > 7200 ? { size: 3600, name: "hours" } : most > 240 ? { size: 60, name: "minutes" } : { size: 1, name: "seconds" };
};
const place = (step, run) => { const known = clock(run); return known ? along(known.x, known.y, step) / unit().size : step; };
const stepAt = (x, run) => { const known = clock(run); return known ? along(known.y, known.x, x * unit().size) : x; };
const runOf = (chart) => { const alias = Object.values(chart.series).flat()[0]; return alias ? page.series[alias].run : 0; };

/* what a chart draws */
const smoothed = (x, y, level) => {
  if (level <= 0 || x.length < 3) return y;
  const width = Math.max(((x.at(-1) - x[0]) * level) / 100, 1e-9);
  return x.map((here) => {
    let sum = 0, weight = 0;
    for (let at = 0; at < x.length; at++) { const w = Math.exp(-0.5 * ((here - x[at]) / width) ** 2); sum += w * y[at]; weight += w; }
    return sum / weight;
  });
};
const pieces = (chart, id) => { // layer -> lists of points, before the axis is chosen
  const made = {}, level = state.smooth.get(id) ?? chart.smoothing, alone = state.alone.get(id);
  for (const [layer, aliases] of Object.entries(chart.series)) {
    made[layer] = aliases.map((alias) => ({ ...series(alias), look: chart.looks[alias] ?? {}, label: page.series[alias].name }));
  }
  const raw = made.raw?.[0];
  if (raw && (level > 0 || chart.kind === "small")) made.smooth = [{ ...raw, y: smoothed(raw.x, raw.y, level), lo: undefined, hi: undefined }];
  if (made.smooth && chart.kind === "small") made.end = [{ ...raw, x: raw.x.slice(-1), y: made.smooth[0].y.slice(-1) }];
  const trial = state.trial.get(id);
  if (trial) for (const layer of Object.keys(made)) made[layer] = made[layer].filter((line) => line.look.series === undefined || line.look.series === trial);
  if (alone) for (const layer of Object.keys(made)) if (layer !== alone && !(alone === "raw" && layer === "smooth")) made[layer] = [];
  return made;
};
const rowsOf = (chart, layout, id) => {
  const log = state.log.has(id), run = runOf(chart), rows = {};
  for (const [layer, lines] of Object.entries(pieces(chart, id))) {
    rows[layer] = lines.flatMap((line) => line.x.map((step, at) => {
      const row = { step: place(step, line.run), value: line.y[at], ...line.look };
      if (line.lo) { row.low = line.lo[at]; row.high = line.hi[at]; }
      return row;
    })).filter((row) => Number.isFinite(row.value) && (!log || row.value > 0));
  }
  for (const [name, given] of Object.entries(layout.rows)) {
    rows[name] = given.map((row) => {
      const moved = { ...row };
      for (const field of name === "spans" ? ["step", "last", "value"] : ["step", "last"]) if (field in row) moved[field] = place(row[field], run);
      return moved;
    }).filter((row) => !log || name === "spans" || row.value === undefined || row.value > 0);
  }
  if (log) {
    const least = Math.min(...Object.values(rows).flat().map((row) => row.value ?? Infinity).filter((value) => value > 0));
    for (const row of Object.values(rows).flat()) if (row.low !== undefined) row.low = Math.max(row.low, least);
  }
  return rows;
};
const parametersOf = (chart, layout, id, width, rows) => {
  const given = { ...layout.parameters }, run = runOf(chart);
  const [low, high] = state.zoom ?? [given.xlo, given.xhi];
  if (state.zoom || state.x !== "step") {
    Object.assign(given, { xlo: place(low, run), xhi: place(high, run), xlabels: {}, xname: chart.kind === "small" ? "" : unit().name });
    given.xticks = ticks(given.xlo, given.xhi, Math.max(2, Math.floor(width / 110)));
  }
  if (state.log.has(id)) {
    const values = ["raw", "smooth", "trend", "eval", "forecast"].flatMap((layer) => rows[layer] ?? []).map((row) => row.value);
    Object.assign(given, { ylo: Math.min(...values), yhi: Math.max(given.yhi, ...values), yticks: null });
    if (given.yhi <= given.ylo) given.yhi = given.ylo * 10;
  }
  return given;
};
const specOf = (chart, layout, id, width, height) => {
  const [, , left, top, right, bottom] = layout.frame, spec = structuredClone(page.kinds[chart.kind].vega);
  const rows = rowsOf(chart, layout, id), values = parametersOf(chart, layout, id, width, rows);
  Object.assign(spec, { width: width - left - right, height: height - top - bottom, padding: { left, top, right, bottom } });
  for (const signal of spec.signals) if (signal.name in values) signal.value = values[signal.name];
  for (const entry of spec.data) if (!entry.source) entry.values = rows[entry.name] ?? [];
  if (state.log.has(id)) Object.assign(spec.scales.find((scale) => scale.name === "y"), { type: "log", base: 10 });
  return { spec, values };
};

/* the runtime: unpacked when the first chart comes into view */
let runtime = null;
const vega = () => (runtime ??= (async () => {
  const packed = Uint8Array.from(atob(one("#vega-runtime").textContent), (character) => character.charCodeAt(0));
  const code = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = document.createElement("script");
  script.textContent = code;
  document.head.append(script);
  return window.reportgenVega;
})());
const refuse = () => Promise.reject(new Error("this page loads nothing"));
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

const draw = async (element) => {
  const chart = page.charts[element.dataset.chart], id = element.dataset.chart;
  const layout = chart.narrow && phone.matches ? chart.narrow : chart.wide;
  const [width, height] = [element.clientWidth, element.clientHeight];
  if (!width || !height) return;
  const { View, parse, expressionInterpreter } = await vega();
  const { spec, values } = specOf(chart, layout, id, width, height);
  const holder = document.createElement("div");
  holder.className = "vega";
  holder.setAttribute("aria-hidden", "true");
  const view = new View(parse(spec, null, { ast: true }), { expr: expressionInterpreter, renderer: "svg", loader, hover: false }).initialize(holder);
  await view.runAsync();
  const before = live.get(element);
  element.append(holder);
  element.classList.add("drawn");
  before?.view.finalize();
  before?.holder.remove();
  live.set(element, { element, chart, id, layout, view, holder, values, width, height });
  listen(holder, element);
};
const queue = [];
let working = false;
const work = async () => {
  if (working) return;
  working = true;
  while (queue.length) {
    const element = queue.shift();
    await draw(element);
    await new Promise((done) => setTimeout(done));
  }
  working = false;
};
const later = (elements) => { for (const element of elements) if (!queue.includes(element)) queue.push(element); return work(); };
const again = (elements = [...live.keys()]) => later(elements.filter((element) => live.has(element)));
const seen = new IntersectionObserver((entries) => {
  const here = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
  for (const element of here) seen.unobserve(element);
  later(here);
}, { rootMargin: "200px" });
const sized = new ResizeObserver((entries) => again(entries.map((entry) => entry.target).filter((element) => {
  const now = live.get(element);
  return now && (Math.abs(now.width - element.clientWidth) > 1 || Math.abs(now.height - element.clientHeight) > 1) && element.clientWidth;
})));
const watch = (element) => { element.tabIndex = 0; seen.observe(element); sized.observe(element); };

/* pointing: a cursor in every chart, exact values beside it */
const tip = one(".tip");
const plot = (drawn) => { const [, , left, top, right, bottom] = drawn.layout.frame; return { left, top, width: drawn.width - left - right, height: drawn.height - top - bottom }; };
const stepOf = (drawn, clientX) => {
  const box = drawn.holder.getBoundingClientRect(), { left, width } = plot(drawn), { xlo, xhi } = drawn.values;
  const share = Math.min(1, Math.max(0, (clientX - box.left - left) / width));
  return stepAt(xlo + share * (xhi - xlo), runOf(drawn.chart));
};
const pixelOf = (drawn, step) => {
  const { left, width } = plot(drawn), { xlo, xhi } = drawn.values;
  return left + ((place(step, runOf(drawn.chart)) - xlo) / (xhi - xlo)) * width;
};
const cursors = (step) => {
  for (const drawn of live.values()) {
    drawn.cursor ??= drawn.holder.appendChild(Object.assign(document.createElement("div"), { className: "cursor" }));
    const { left, top, width, height } = plot(drawn), x = step === null ? -1 : pixelOf(drawn, step);
    drawn.cursor.hidden = step === null || x < left || x > left + width;
    Object.assign(drawn.cursor.style, { left: `${x}px`, top: `${top}px`, height: `${height}px` });
  }
};
const valueOf = (drawn, clientY) => {
  const box = drawn.holder.getBoundingClientRect(), { top, height } = plot(drawn), { ylo, yhi } = drawn.values;
  return yhi - ((clientY - box.top - top) / height) * (yhi - ylo);
};
const closest = (list, step, value) => { // the line of many that the pointer is at
  const away = (line) => { const at = nearest(line.x, step); return at < 0 || step > line.x.at(-1) ? Infinity : Math.abs(line.y[at] - value); };
  return list.length ? list.reduce((best, line) => (away(line) < away(best) ? line : best)) : null;
};
const outline = (drawn, line) => { // that line, strong, over the faint ones
  drawn.strong?.remove();
  drawn.strong = null;
  if (!line) return;
  const { top, height } = plot(drawn), { ylo, yhi } = drawn.values, svg = "http://www.w3.org/2000/svg";
  const path = document.createElementNS(svg, "path"), box = document.createElementNS(svg, "svg");
  path.setAttribute("d", line.x.map((step, at) => `${at ? "L" : "M"}${pixelOf(drawn, step)} ${top + ((yhi - line.y[at]) / (yhi - ylo)) * height}`).join(""));
  box.setAttribute("class", "strong");
  box.append(path);
  drawn.strong = drawn.holder.appendChild(box);
};
const nameOf = (drawn, layer, line) => {
  if (drawn.chart.kind !== "lines" || layer === "spread") return LAYERS[layer] ?? layer;
  return (line.look.series ?? line.label) + (layer === "eval" ? ", eval" : "");
};
const readings = (drawn, step, value) => {
  const factor = drawn.values.yfactor, lines = [], reach = stepAt(drawn.values.xhi, runOf(drawn.chart)) - stepAt(drawn.values.xlo, runOf(drawn.chart));
  let at = step;
  const all = pieces(drawn.chart, drawn.id);
  for (const [layer, whole] of Object.entries(all)) {
    const list = layer !== "faint" || value === undefined ? whole : [closest(whole, step, value)].filter(Boolean);
    if (layer === "faint" && all.trend?.length) continue; // as logged, under its trend
    if (layer === "faint") outline(drawn, list[0]);
    if (layer === "end" || (layer === "smooth" && drawn.chart.smoothing === 0 && !state.smooth.get(drawn.id))) continue;
    for (const line of list.slice(0, 12)) {
      const where = nearest(line.x, step);
      if (where < 0 || Math.abs(line.x[where] - step) > Math.max(reach * 0.02, line.x.length > 1 ? (line.x.at(-1) - line.x[0]) / line.x.length : 0.5)) continue;
      if (layer === "raw") at = line.x[where];
      const bounds = line.lo && line.hi[where] > line.lo[where] ? ` [${shown(line.lo[where], factor)}, ${shown(line.hi[where], factor)}]` : "";
      const own = layer === "eval" && line.x[where] !== at ? ` (step ${short(line.x[where])})` : "";
      lines.push(`${nameOf(drawn, layer, line)} ${shown(line.y[where], factor)}${bounds}${own}`);
    }
  }
  const when = state.x === "step" ? "" : `, ${short(Number(place(at, runOf(drawn.chart)).toPrecision(3)))} ${unit().name}`;
  return { at, text: [`step ${short(Math.round(at * 10) / 10)}${when}`, ...lines].join("\n") };
};
const point = (drawn, step, heard = false, value = undefined) => {
  const { at, text } = readings(drawn, step, value), box = drawn.holder.getBoundingClientRect();
  cursors(at);
  tip.textContent = text;
  tip.hidden = false;
  const x = box.left + pixelOf(drawn, at), width = tip.offsetWidth, height = tip.offsetHeight;
  const side = x + 14 + width < root.clientWidth ? x + 14 : Math.max(4, x - 14 - width);
  const upper = Math.max(4, box.top + 10 - (height > box.height ? height - box.height : 0));
  Object.assign(tip.style, { left: `${side + scrollX}px`, top: `${upper + scrollY}px` });
  if (heard) one(".heard").textContent = text;
};
const unpoint = () => { tip.hidden = true; cursors(null); for (const drawn of live.values()) outline(drawn, null); };
const zoom = (range) => {
  state.zoom = range;
  for (const button of all("[data-act=whole]")) button.disabled = !range;
  unpoint();
  return again();
};
const listen = (holder, element) => {
  let start = null, brush = null;
  const drawn = () => live.get(element);
  holder.addEventListener("pointermove", (event) => {
    if (start === null) return point(drawn(), stepOf(drawn(), event.clientX), false, valueOf(drawn(), event.clientY));
    const box = holder.getBoundingClientRect(), { top, height } = plot(drawn());
    if (!brush && Math.abs(event.clientX - start) > 4) {
      brush = holder.appendChild(Object.assign(document.createElement("div"), { className: "brush" }));
      unpoint();
    }
    if (brush) Object.assign(brush.style, { left: `${Math.min(start, event.clientX) - box.left}px`, width: `${Math.abs(event.clientX - start)}px`, top: `${top}px`, height: `${height}px` });
  });
  holder.addEventListener("pointerdown", (event) => { if (event.button === 0) { start = event.clientX; holder.setPointerCapture(event.pointerId); } });
  holder.addEventListener("pointerup", (event) => {
    const ends = brush ? [stepOf(drawn(), start), stepOf(drawn(), event.clientX)].sort((a, b) => a - b) : null;
    brush?.remove();
    start = brush = null;
    if (ends && ends[1] > ends[0]) zoom(ends);
  });
  holder.addEventListener("pointercancel", () => { brush?.remove(); start = brush = null; });
  holder.addEventListener("pointerleave", () => { if (start === null) unpoint(); });
  holder.addEventListener("dblclick", () => zoom(null));
};
let keyed = null;
document.addEventListener("keydown", (event) => {
  const drawn = live.get(event.target);
  if (!drawn) return;
  const run = runOf(drawn.chart), low = stepAt(drawn.values.xlo, run), high = stepAt(drawn.values.xhi, run);
  keyed = keyed === null || keyed < low || keyed > high ? (low + high) / 2 : keyed;
  const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
  if (event.key in moves) { keyed = Math.min(high, Math.max(low, keyed + moves[event.key] * Math.max(1, Math.round((high - low) / 200)))); point(drawn, keyed, true); }
  else if (event.key === "+" || event.key === "=") zoom([Math.max(low, keyed - (high - low) / 4), Math.min(high, keyed + (high - low) / 4)]);
  else if (event.key === "-" || event.key === "0" || event.key === "Escape") zoom(null);
  else return;
  event.preventDefault();
});
document.addEventListener("focusout", unpoint);

/* saving */
const save = (name, blob) => {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 2000);
};
const copy = async (text, button) => {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
  }
  one(".heard").textContent = "Copied";
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1200);
};
const plain = (text) => text.replace(/var\((--[\w-]+),(#[0-9a-f]+)\)/g, (_, name, hex) => getComputedStyle(root).getPropertyValue(name).trim() || hex);
const picture = async (drawn) => {
  const svg = plain(await drawn.view.toSVG()), paper = getComputedStyle(root).getPropertyValue("--paper").trim();
  return svg.replace(/<text /g, '<text paint-order="stroke" ').replace(/font-family="[^"]*"/g, 'font-family="Liberation Sans, Arial, sans-serif"').replace(/(<svg[^>]*>)/, `$1<rect width="100%" height="100%" fill="${paper}"/>`);
};
const png = async (drawn) => {
  const url = URL.createObjectURL(new Blob([await picture(drawn)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: drawn.width * 2, height: drawn.height * 2 });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => save(`${drawn.id}.png`, blob));
};
const cell = (value) => {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
};
const csv = () => {
  const lines = ["run,series,step,value,low,high"];
  for (const alias of Object.keys(page.series)) {
    const { x, y, lo, hi, name, run } = series(alias), start = `${cell(page.runs[run]?.name ?? "")},${cell(name)}`;
    x.forEach((step, at) => lines.push(`${start},${step},${cell(y[at])},${cell(lo?.[at])},${cell(hi?.[at])}`));
  }
  save("report.csv", new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
};
const vegalite = (drawn) => {
  const spec = structuredClone(page.kinds[drawn.chart.kind].vegalite), [, , left, top, right, bottom] = drawn.layout.frame;
  const rows = rowsOf(drawn.chart, drawn.layout, drawn.id), { width, height } = plot(drawn);
  for (const parameter of spec.params) if (parameter.name in drawn.values) parameter.value = drawn.values[parameter.name];
  Object.assign(spec, { title: drawn.chart.title, width, height, padding: { left, top: top + 24, right, bottom }, datasets: {} });
  for (const layer of spec.layer) if (layer.data?.name) spec.datasets[layer.data.name] = rows[layer.data.name] ?? [];
  return JSON.stringify(spec, null, 1).replace(/var\(--[\w-]+,(#[0-9a-f]+)\)/g, "$1");
};

/* the controls */
const chartsOf = (control) => {
  const scope = control.closest(".scope"), target = scope ? document.getElementById(scope.dataset.for) : one(".chart", control.closest("figure"));
  return target.matches(".chart") ? [target] : all(".chart", target);
};
const press = (buttons, chosen) => { for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen)); };
const acts = {
  csv: () => csv(),
  card: (button) => copy(page.card, button),
  whole: () => zoom(null),
  png: async (button) => { for (const element of chartsOf(button)) if (live.has(element)) await png(live.get(element)); },
  svg: async (button) => { for (const element of chartsOf(button)) if (live.has(element)) save(`${element.id}.svg`, new Blob([await picture(live.get(element))], { type: "image/svg+xml" })); },
  spec: (button) => { const drawn = live.get(chartsOf(button)[0]); if (drawn) copy(vegalite(drawn), button); },
  log: (button) => {
    const on = button.getAttribute("aria-pressed") !== "true", charts = chartsOf(button);
    button.setAttribute("aria-pressed", String(on));
    for (const { dataset: { chart } } of charts) if (on && pieces(page.charts[chart], chart).raw?.[0]?.y.some((value) => value > 0)) state.log.add(chart); else state.log.delete(chart);
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
    control.nextElementSibling.textContent = level ? `${level} %` : "raw";
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
  }
});
for (const choice of all("[data-act=x]")) choice.disabled = choice.dataset.x !== "step" && !page.runs.some((run) => run[choice.dataset.x]);
for (const choice of all("[data-layer], [data-trial]")) choice.disabled = false;

/* a metric drawn when it is opened */
const openMetric = (entry) => {
  const alias = entry.dataset.series, id = `metric-${alias}`;
  if (document.getElementById(id) || !page.kinds.small) return;
  const { x, y } = series(alias), low = Math.min(...y), high = Math.max(...y);
  const step = niceStep((high - low || Math.abs(high) || 1) / 3), ylo = Math.floor(low / step) * step, yhi = Math.max(Math.ceil(high / step) * step, ylo + step);
  const other = Object.values(page.charts).find((chart) => chart.kind === "small"), reach = other?.wide.parameters ?? { xlo: x[0], xhi: Math.max(x.at(-1), x[0] + 1) };
  const parameters = { xlo: reach.xlo, xhi: reach.xhi, xticks: ticks(reach.xlo, reach.xhi, 5), ylo, yhi, yticks: [ylo, yhi].map((value) => Number(value.toPrecision(10))) };
  page.charts[id] = { kind: "small", title: page.series[alias].name, unit: "", series: { raw: [alias] }, smoothing: 4, looks: {}, narrow: null,
    wide: { frame: [526, 180, 64, 8, 12, 22], parameters, rows: {} } };
  const box = Object.assign(document.createElement("div"), { className: "chart", id });
  box.dataset.chart = id;
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `${page.series[alias].name}; ${one(".said", entry).textContent}`);
  box.style.height = "180px";
  entry.append(box);
  watch(box);
};
document.addEventListener("toggle", (event) => { if (event.target.open && event.target.dataset?.series) openMetric(event.target); }, true);

/* deep links open what they point at */
const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let box = target; box; box = box.parentElement) if (box.nodeName === "DETAILS") box.open = true;
  if (target.matches("tr")) { const inner = one("details", target); if (inner) inner.open = true; }
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
phone.addEventListener("change", () => again());
for (const element of all(".chart[data-chart]")) watch(element);
})();
