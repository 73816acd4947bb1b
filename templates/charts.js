/* The page's data, and its charts drawn alive; joined with pointing.js, view.js and report.js in one scope. */
const root = document.documentElement;
const one = (query, within = document) => within.querySelector(query);
const all = (query, within = document) => [...within.querySelectorAll(query)];
const page = JSON.parse(one("#page-data").textContent);
const phone = matchMedia("(max-width:640px)");
const LAYERS = { raw: "logged", smooth: "smoothed", trend: "trend", forecast: "forecast", eval: "eval", spread: "median", faint: "" };
const state = { x: "step", zoom: null, zooms: new Map(), smooth: new Map(), log: new Set(), alone: new Map(), trial: new Map(), held: new Map() };
const STRONG = "var(--ink,#17191d)"; // of a line that a reader holds
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
const runOf = (chart) => { // null where the axis counts no steps
  if (chart.own) return null;
  const alias = Object.values(chart.series).flat()[0];
  return alias ? page.series[alias].run : 0;
};
const zoomOf = (chart, id) => (chart.own ? state.zooms.get(id) : state.zoom) ?? null;

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
  const raw = made.raw?.[0], base = made.mean?.[0] ?? raw;
  delete made.mean;
  if (raw && (level > 0 || chart.kind === "small")) made.smooth = [level > 0 ? { ...base, y: smoothed(base.x, base.y, level) } : raw];
  if (made.smooth && chart.kind === "small") made.end = [{ ...raw, x: made.smooth[0].x.slice(-1), y: made.smooth[0].y.slice(-1) }];
  const held = state.held.get(id), trial = state.trial.get(id);
  if (held?.size) {
    const isHeld = (line) => held.has(line.look.series);
    const strong = made.faint.filter(isHeld).map((line) => ({ ...line, lo: line.y, hi: line.y, look: { ...line.look, color: STRONG } }));
    Object.assign(made, { faint: made.faint.filter((line) => !isHeld(line)), trend: [...(made.trend ?? []), ...strong] });
  }
  if (trial) for (const layer of Object.keys(made)) made[layer] = made[layer].filter((line) => line.look.series === undefined || line.look.series === trial);
  if (alone) for (const layer of Object.keys(made)) if (layer !== alone && !(alone === "raw" && layer === "smooth")) made[layer] = [];
  return made;
};
const clipped = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const namedEnds = (labels, made, id) => { // names of the lines that are held, strong, at their ends
  const held = state.held.get(id);
  if (!held?.size) return labels;
  const strong = labels.map((row) => (held.has(row.series) ? { ...row, color: STRONG, fontWeight: 600 } : row));
  for (const line of made.trend) {
    const name = line.look.series, look = { color: STRONG, align: "right", dx: -6, dy: -9, fontWeight: 600 };
    if (held.has(name) && !labels.some((row) => row.series === name)) strong.push({ step: line.x.at(-1), value: line.y.at(-1), text: clipped(name, 60), series: name, ...look });
  }
  return strong;
};
const rowsOf = (chart, layout, id) => {
  const log = state.log.has(id), trial = state.trial.get(id), run = runOf(chart), zoomed = zoomOf(chart, id), rows = {};
  const made = pieces(chart, id);
  for (const [layer, lines] of Object.entries(made)) {
    rows[layer] = lines.flatMap((line) => line.x.map((step, at) => {
      const row = { step: place(step, chart.own ? null : line.run), value: line.y[at], ...line.look };
      if (line.lo) { row.low = line.lo[at]; row.high = line.hi[at]; }
      return row;
    })).filter((row) => Number.isFinite(row.value) && (!log || row.value > 0));
  }
  for (const [name, given] of Object.entries(layout.rows)) {
    rows[name] = (name === "labels" ? namedEnds(given, made, id) : given).map((row) => {
      const moved = { ...row };
      for (const field of name === "spans" ? ["step", "last", "value"] : ["step", "last"]) if (field in row) moved[field] = place(row[field], run);
      if (row.pinned && zoomed) moved.step = place(zoomed[1], run);
      return moved;
    }).filter((row) => !trial || row.series === undefined || row.series === trial).filter((row) => !log || name === "spans" || row.value === undefined || row.value > 0);
  }
  if (log) {
    const least = Math.min(...Object.values(rows).flat().map((row) => row.value ?? Infinity).filter((value) => value > 0));
    for (const row of Object.values(rows).flat()) if (row.low !== undefined) row.low = Math.max(row.low, least);
  }
  return rows;
};
/* the vertical axis: as it was set for the whole run, else fitted to what is in sight */
const LINES = ["smooth", "trend", "forecast", "spread", "faint"];
const inSight = (rows = [], xlo, xhi, isLine) => rows.flatMap((row, at) => { // with where lines enter and leave
  const here = row.step >= xlo && row.step <= xhi ? [row] : [], next = rows[at + 1];
  if (!isLine || !next || next.series !== row.series || next.step <= row.step) return here;
  const mixed = (a, b, share) => a + (b - a) * share;
  return [...here, ...[xlo, xhi].filter((x) => row.step < x && next.step > x).map((x) => {
    const made = { ...row, step: x };
    for (const field of ["value", "low", "high"]) if (field in row) made[field] = mixed(row[field], next[field], (x - row.step) / (next.step - row.step));
    return made;
  })];
});
const edges = (rows, xlo, xhi, log) => { // lowest and highest of what is drawn; faint lines under trends but for their extremes
  const within = (layer) => inSight(rows[layer], xlo, xhi, LINES.includes(layer)), found = [];
  for (const row of ["raw", "smooth", "trend", "forecast", "eval", "spread", "dots"].flatMap(within)) {
    for (const value of [row.value, row.low, row.high]) if (Number.isFinite(value) && (!log || value > 0)) found.push(value);
  }
  const faint = within("faint").map((row) => row.value).sort((a, b) => a - b), spare = rows.trend?.length ? Math.floor(faint.length / 50) : 0;
  if (faint.length) found.push(faint[spare], faint.at(-1 - spare));
  return found.length ? [Math.min(...found), Math.max(...found)] : null;
};
const refit = (given, seen, small) => {
  const [low, high] = seen, step = niceStep((high - low || Math.abs(high) || 1) / (small ? 3 : 5)), whole = given.yfactor === 100 && given.ylo >= 0 && given.yhi <= 1;
  const at = (value) => Number((value * step).toPrecision(12)), from = Math.floor(low / step + 1e-9), to = Math.max(Math.ceil(high / step - 1e-9), from + 1);
  const list = Array.from({ length: to - from + 1 }, (_, count) => at(from + count)).filter((value) => !whole || (value >= 0 && value <= 1));
  if (list.length < 2) list.unshift(at(from - 1));
  Object.assign(given, { ylo: list[0], yhi: list.at(-1), yticks: small ? [list[0], list.at(-1)] : list });
};
const parametersOf = (chart, layout, id, width, rows) => {
  const given = { ...layout.parameters }, run = runOf(chart), zoomed = zoomOf(chart, id), small = chart.kind === "small", log = state.log.has(id);
  const [low, high] = zoomed ?? [given.xlo, given.xhi];
  if (zoomed || (state.x !== "step" && !chart.own)) {
    Object.assign(given, { xlo: place(low, run), xhi: place(high, run), xlabels: {}, xname: chart.own ? given.xname : small ? "" : unit().name });
    given.xticks = given.xticks?.length === 0 ? [] : ticks(given.xlo, given.xhi, Math.max(2, Math.floor(width / 110)));
  }
  const seen = zoomed || log ? edges(rows, given.xlo, given.xhi, log) : null;
  if (seen && log) Object.assign(given, { ylo: seen[0], yhi: zoomed ? seen[1] : Math.max(given.yhi, seen[1]), yticks: null });
  else if (seen) refit(given, seen, small);
  if (given.yhi <= given.ylo) given.yhi = given.ylo * 10;
  return given;
};
const down = (values, value, log) => (log ? Math.log(values.yhi / value) / Math.log(values.yhi / values.ylo) : (values.yhi - value) / (values.yhi - values.ylo));
const labelled = (chart, id, rows, values, height) => { // names moved to where their lines leave a changed view, other labels kept inside it
  const log = state.log.has(id);
  if (!zoomOf(chart, id) && !log) return rows.labels;
  const ends = new Map(), kept = [];
  for (const layer of ["faint", "trend"]) for (const row of inSight(rows[layer], values.xlo, values.xhi, true)) ends.set(row.series, row);
  for (const row of rows.labels ?? []) {
    const end = row.series === undefined ? row : ends.get(row.series);
    if (end && end.value >= values.ylo && end.value <= values.yhi) kept.push({ ...row, step: end.step, value: end.value });
  }
  const named = kept.filter((row) => row.series !== undefined).sort((a, b) => b.value - a.value);
  const above = []; // px from the top, each 15 below the one before, moved up where the last would leave the plot
  for (const row of named) above.push(Math.max(down(values, row.value, log) * height, (above.at(-1) ?? -15) + 15));
  for (let at = above.length - 1, most = height; at >= 0; at--, most = above[at + 1] - 15) above[at] = Math.min(above[at], most);
  named.forEach((row, at) => { row.dy = above[at] - down(values, row.value, log) * height; });
  return kept;
};
const specOf = (chart, layout, id, width, height) => {
  const [, , left, top, right, bottom] = layout.frame, spec = structuredClone(page.kinds[chart.kind].vega);
  const rows = rowsOf(chart, layout, id), values = parametersOf(chart, layout, id, width, rows);
  rows.labels = labelled(chart, id, rows, values, height - top - bottom);
  Object.assign(spec, { width: width - left - right, height: height - top - bottom, padding: { left, top, right, bottom } });
  for (const signal of spec.signals) if (signal.name in values) signal.value = values[signal.name];
  for (const entry of spec.data) if (!entry.source) entry.values = rows[entry.name] ?? [];
  if (state.log.has(id)) Object.assign(spec.scales.find((scale) => scale.name === "y"), { type: "log", base: 10 });
  return { spec, values, rows };
};

/* the runtime and the specs: unpacked when the first chart comes into view */
let runtime = null;
const unpacked = (text) => {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const vega = () => (runtime ??= (async () => {
  const [code, kinds] = await Promise.all([unpacked(one("#vega-runtime").textContent), unpacked(page.kinds)]);
  page.kinds = JSON.parse(kinds);
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
  const { spec, values, rows } = specOf(chart, layout, id, width, height);
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
  live.set(element, { element, chart, id, layout, view, holder, values, rows, width, height });
  listen(holder, element);
};
const queue = [];
let working = false, current = null; // the element that is being drawn
const work = async () => {
  if (working) return;
  working = true;
  while (queue.length) {
    current = queue.shift();
    await draw(current);
    current = null;
    await new Promise((done) => setTimeout(done));
  }
  working = false;
};
const later = (elements) => { for (const element of elements) if (!queue.includes(element)) queue.push(element); return work(); };
const again = (elements = [...live.keys(), current]) => { // what is being drawn for the first time may show what was chosen before
  remember();
  return later(elements.filter((element) => element && (live.has(element) || element === current)));
};
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
