/* Pointing at charts, zooming them, saving them. */
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
const cursors = (step, from) => { // in every chart over steps; in one of another axis when it is pointed at
  for (const drawn of live.values()) {
    const shared = drawn === from || !(drawn.chart.own || from?.chart.own);
    drawn.cursor ??= drawn.holder.appendChild(Object.assign(document.createElement("div"), { className: "cursor" }));
    const { left, top, width, height } = plot(drawn), x = step === null || !shared ? -1 : pixelOf(drawn, step);
    drawn.cursor.hidden = x < left || x > left + width;
    Object.assign(drawn.cursor.style, { left: `${x}px`, top: `${top}px`, height: `${height}px` });
  }
};
const valueAt = (drawn, clientY) => {
  const box = drawn.holder.getBoundingClientRect(), { top, height } = plot(drawn), { ylo, yhi } = drawn.values;
  const share = (clientY - box.top - top) / height;
  return state.log.has(drawn.id) ? yhi * (ylo / yhi) ** share : yhi - share * (yhi - ylo);
};
const closest = (list, step, value) => { // the line of many that the pointer is at
  const away = (line) => { const at = nearest(line.x, step); return at < 0 || step > line.x.at(-1) ? Infinity : Math.abs(line.y[at] - value); };
  return list.length ? list.reduce((best, line) => (away(line) < away(best) ? line : best)) : null;
};
const outline = (drawn, line) => { // that line, strong, over the faint ones
  drawn.strong?.remove();
  drawn.strong = null;
  if (!line) return;
  const { top, height } = plot(drawn), log = state.log.has(drawn.id), svg = "http://www.w3.org/2000/svg";
  const path = document.createElementNS(svg, "path"), box = document.createElementNS(svg, "svg");
  path.setAttribute("d", line.x.map((step, at) => `${at ? "L" : "M"}${pixelOf(drawn, step)} ${top + down(drawn.values, line.y[at], log) * height}`).join(""));
  box.setAttribute("class", "strong");
  box.append(path);
  drawn.strong = drawn.holder.appendChild(box);
};
const nameOf = (drawn, layer, line) => {
  if (drawn.chart.kind !== "lines" || layer === "spread") return LAYERS[layer] ?? layer;
  return (line.look.series ?? line.label) + (layer === "eval" ? ", eval" : "");
};
const isTrended = (line, layers) => layers.trend?.some((other) => other.look.series === line.look.series); // as logged, under its trend
const readings = (drawn, step, value) => {
  const factor = drawn.values.yfactor, lines = [], reach = stepAt(drawn.values.xhi, runOf(drawn.chart)) - stepAt(drawn.values.xlo, runOf(drawn.chart));
  let at = step;
  const all = pieces(drawn.chart, drawn.id);
  for (const [layer, whole] of Object.entries(all)) {
    const faint = layer === "faint", under = faint ? whole.filter((line) => !isTrended(line, all)) : whole;
    const list = !faint || value === undefined ? under : [closest(under, step, value)].filter(Boolean);
    if (faint) outline(drawn, list[0]);
    if (layer === "end" || (layer === "smooth" && drawn.chart.smoothing === 0 && !state.smooth.get(drawn.id))) continue;
    for (const line of list.slice(0, 12)) {
      const where = nearest(line.x, step);
      if (where < 0 || Math.abs(line.x[where] - step) > Math.max(reach * 0.02, Math.min(reach * 0.04, (line.x.at(-1) - line.x[0]) / line.x.length), 0.5)) continue;
      if (layer === "raw") at = line.x[where];
      const bounds = line.lo && line.hi[where] > line.lo[where] ? ` [${shown(line.lo[where], factor)}, ${shown(line.hi[where], factor)}]` : "";
      const own = layer === "eval" && line.x[where] !== at ? ` (step ${short(line.x[where])})` : "";
      lines.push(`${nameOf(drawn, layer, line)} ${shown(line.y[where], factor)}${bounds}${own}`);
    }
  }
  const chart = drawn.chart, when = chart.own || state.x === "step" ? "" : `, ${short(Number(place(at, runOf(drawn.chart)).toPrecision(3)))} ${unit().name}`;
  const where = chart.own ? `${short(Number(at.toPrecision(3)))} ${drawn.layout.parameters.xname}` : `step ${short(Math.round(at))}`;
  return { at, text: [`${where}${when}`, ...lines].join("\n") };
};
const point = (drawn, step, heard = false, value = undefined) => {
  const { at, text } = readings(drawn, step, value), box = drawn.holder.getBoundingClientRect();
  cursors(at, drawn);
  tip.textContent = text;
  tip.hidden = false;
  const x = box.left + pixelOf(drawn, at), width = tip.offsetWidth, height = tip.offsetHeight;
  const side = x + 14 + width < root.clientWidth ? x + 14 : Math.max(4, x - 14 - width);
  const upper = Math.max(4, box.top + 10 - (height > box.height ? height - box.height : 0));
  Object.assign(tip.style, { left: `${side + scrollX}px`, top: `${upper + scrollY}px` });
  if (heard) one(".heard").textContent = text;
};
let pinned = null; // where a click holds the values in sight: its chart and step
const unpoint = () => {
  for (const drawn of live.values()) outline(drawn, null);
  const drawn = pinned && live.get(pinned.element);
  if (drawn) return point(drawn, pinned.step, false, pinned.value);
  tip.hidden = true;
  cursors(null);
};
const unpin = () => { pinned = null; unpoint(); };
const REACH = 14; // px from a line at which a click means it
const hold = (drawn, event) => { // the values where it was clicked; of many lines also the one clicked at, named
  const step = stepOf(drawn, event.clientX), value = valueAt(drawn, event.clientY), layers = pieces(drawn.chart, drawn.id);
  const held = state.held.get(drawn.id) ?? new Set();
  const lines = [...(layers.faint ?? []).filter((line) => !isTrended(line, layers)), ...(layers.trend ?? []).filter((line) => held.has(line.look.series))];
  const line = closest(lines, step, value), { height } = plot(drawn), log = state.log.has(drawn.id);
  pinned = { element: drawn.element, step, value };
  point(drawn, step, true, value);
  const away = (one) => Math.abs(down(drawn.values, one.y[nearest(one.x, step)], log) - down(drawn.values, value, log)) * height;
  if (!line || away(line) > REACH) return;
  if (!held.delete(line.look.series)) held.add(line.look.series);
  state.held.set(drawn.id, held);
  again([drawn.element]).then(unpoint);
};
const unzoomable = () => { for (const button of all("[data-act=whole]")) button.disabled = !chartsOf(button).some(({ dataset: { chart } }) => page.charts[chart] && zoomOf(page.charts[chart], chart)); };
const zoom = (range, drawn) => { // all charts over steps together; a chart of another axis alone
  if (drawn.chart.own) state.zooms.set(drawn.id, range); else state.zoom = range;
  unzoomable();
  unpin();
  return drawn.chart.own ? again([drawn.element]) : again();
};
const listen = (holder, element) => {
  let start = null, brush = null;
  const drawn = () => live.get(element);
  holder.addEventListener("pointermove", (event) => {
    if (start === null) return point(drawn(), stepOf(drawn(), event.clientX), false, valueAt(drawn(), event.clientY));
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
    if (!brush && start !== null) hold(drawn(), event);
    brush?.remove();
    start = brush = null;
    if (ends && ends[1] > ends[0]) zoom(ends, drawn());
  });
  holder.addEventListener("pointercancel", () => { brush?.remove(); start = brush = null; });
  holder.addEventListener("pointerleave", () => { if (start === null) unpoint(); });
  holder.addEventListener("dblclick", () => zoom(null, drawn()));
};
let keyed = null;
document.addEventListener("keydown", (event) => {
  const drawn = live.get(event.target);
  if (!drawn) return;
  const run = runOf(drawn.chart), low = stepAt(drawn.values.xlo, run), high = stepAt(drawn.values.xhi, run);
  const whole = drawn.chart.own ? (step) => step : Math.round, stride = drawn.chart.own ? (high - low) / 200 : Math.max(1, Math.round((high - low) / 200));
  keyed = keyed === null || keyed < low || keyed > high ? whole((low + high) / 2) : keyed;
  const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
  if (event.key in moves) { keyed = Math.min(high, Math.max(low, keyed + moves[event.key] * stride)); point(drawn, keyed, true); }
  else if (event.key === "+" || event.key === "=") zoom([Math.max(low, keyed - (high - low) / 4), Math.min(high, keyed + (high - low) / 4)], drawn);
  else if (event.key === "Escape" && pinned) unpin();
  else if (event.key === "-" || event.key === "0" || event.key === "Escape") zoom(null, drawn);
  else return;
  event.preventDefault();
});
document.addEventListener("focusin", (event) => { // the values in the middle, at the first touch of the keyboard
  const drawn = live.get(event.target);
  if (drawn && event.target.matches(":focus-visible")) point(drawn, stepAt((drawn.values.xlo + drawn.values.xhi) / 2, runOf(drawn.chart)), true);
});
document.addEventListener("focusout", unpoint);
document.addEventListener("pointerdown", (event) => { if (pinned && !event.target.closest(".chart")) unpin(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && pinned && !live.has(event.target)) unpin(); });

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
const FONT = "Liberation Sans, Arial, sans-serif", SVG = "http://www.w3.org/2000/svg";
const runsOf = () => (page.runs.length === 1 ? page.runs[0].name : `${page.title}, ${page.runs.length.toLocaleString("en-GB")} runs`);
const drawnAs = (name, look, ...inside) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(look)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
};
const heading = (drawn, tint) => { // title, run and key of a saved picture, and how high they stand, in px
  const pen = document.createElement("canvas").getContext("2d"), title = drawn.chart.title + (drawn.chart.unit && !/accuracy|share/.test(drawn.chart.unit) ? `, ${drawn.chart.unit}` : "");
  const text = (x, y, words, look = {}) => drawnAs("text", { x, y, "font-family": FONT, "font-size": 13, fill: tint("--ink-2"), ...look }, words);
  const made = [text(12, 22, title, { "font-size": 16, "font-weight": 600, fill: tint("--ink") }), text(12, 42, runsOf())];
  pen.font = `13px ${FONT}`;
  let x = 12, y = 66;
  for (const entry of all(".key li", drawn.element.closest("figure") ?? drawn.element)) {
    const sign = one("svg", entry).cloneNode(true), words = entry.textContent.trim(), wide = Number(sign.getAttribute("width")), long = wide + 8 + pen.measureText(words).width;
    if (x > 12 && x + long > drawn.width - 12) { x = 12; y += 20; }
    sign.setAttribute("x", x);
    sign.setAttribute("y", y - 5 - sign.getAttribute("height") / 2);
    made.push(sign, text(x + wide + 8, y, words));
    x += long + 20;
  }
  return { made, height: (x > 12 ? y : 46) + 12 };
};
const picture = async (drawn) => {
  const tint = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const svg = new DOMParser().parseFromString(await drawn.view.toSVG(), "image/svg+xml").documentElement;
  for (const text of all("text", svg)) { text.setAttribute("paint-order", "stroke"); text.setAttribute("font-family", FONT); }
  const { made, height } = heading(drawn, tint), whole = drawn.height + height;
  svg.replaceChildren(drawnAs("rect", { width: "100%", height: "100%", fill: tint("--paper") }), ...made, drawnAs("g", { transform: `translate(0,${height})` }, ...svg.childNodes));
  for (const [key, value] of Object.entries({ width: drawn.width, height: whole, viewBox: `0 0 ${drawn.width} ${whole}` })) svg.setAttribute(key, value);
  return { text: plain(new XMLSerializer().serializeToString(svg)), height: whole };
};
const png = async (drawn) => {
  const { text, height } = await picture(drawn), url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: drawn.width * 2, height: height * 2 });
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
  const { rows } = drawn, { width, height } = plot(drawn);
  for (const parameter of spec.params) if (parameter.name in drawn.values) parameter.value = drawn.values[parameter.name];
  const title = { text: drawn.chart.title, subtitle: runsOf(), anchor: "start", fontSize: 14 };
  Object.assign(spec, { title, width, height, padding: { left, top: top + 44, right, bottom }, datasets: {} });
  spec.config.background = "var(--paper,#fdfdfb)";
  for (const { mark } of spec.layer) if (mark.type === "text") delete mark.stroke; // a halo that only this page paints first; elsewhere it covers the text
  for (const layer of spec.layer) if (layer.data?.name) spec.datasets[layer.data.name] = rows[layer.data.name] ?? [];
  return JSON.stringify(spec, null, 1).replace(/var\(--[\w-]+,(#[0-9a-f]+)\)/g, "$1");
};
