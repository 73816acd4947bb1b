/* Tables: sort by a column, choose columns; of a table too long to stand in the page, draw the rows in sight. */
const isDown = (head, number) => (head.getAttribute("aria-sort") !== (number ? "descending" : "ascending") ? number : !number);
const compared = (number, down) => (x, y) => {
  if (number) return Number.isNaN(x) - Number.isNaN(y) || (down ? y - x : x - y); // what isn't known stays last
  return (down ? -1 : 1) * x.localeCompare(y, "en", { numeric: true });
};
const sort = async (button) => {
  const head = button.closest("th"), table = head.closest("table"), at = head.cellIndex, number = button.dataset.sort === "number";
  const down = isDown(head, number), compare = compared(number, down), roll = await rolled(table);
  for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", other === head ? (down ? "descending" : "ascending") : "none");
  if (roll) return roll.sort(at, number, compare);
  const value = (row) => (number ? parseFloat(row.cells[at].dataset.key) : row.cells[at].textContent.trim());
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort((a, b) => compare(value(a), value(b))));
  for (const row of table.tBodies[0].rows) for (const cell of row.cells) cell.classList.toggle("srt", cell.cellIndex === at && cell.nodeName === "TD");
};

/* a long table: its rows are data, and those in sight are drawn */
const SPARE = 10; // rows drawn above and below what is seen
const rolls = new Map(); // table -> promise of its roll
const rolled = (table) => {
  const source = document.getElementById(`rows-${table.id}`);
  if (source && !rolls.has(table)) rolls.set(table, unpacked(source.textContent).then((text) => rollOf(table, JSON.parse(text))));
  return rolls.get(table);
};
const rollOf = (table, data) => {
  const box = table.parentElement, body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const recipes = heads.findIndex((head) => head.dataset.col === "recipe") - 1; // the column of recipes
  const blank = body.rows[0].cloneNode(true), height = body.rows[0].getBoundingClientRect().height || 36;
  const sought = data.labels.map((label, at) => [label, ...data.columns.flatMap((column, number) => (column.look || number === recipes ? [column.text[at]] : []))].join("\n").toLowerCase());
  const gap = () => { const row = document.createElement("tr"), cell = document.createElement("td"); cell.colSpan = heads.length; cell.className = "gap"; row.setAttribute("aria-hidden", "true"); row.append(cell); return row; };
  const above = gap(), below = gap();
  let order = data.labels.map((_, at) => at), shown = order, words = "", recipe = "";
  const row = (at) => {
    const made = blank.cloneNode(true), link = one("a", made);
    link.textContent = data.labels[at];
    link.href = `#run-${at}`;
    made.setAttribute("aria-rowindex", at + 2);
    data.columns.forEach((column, number) => {
      const cell = made.cells[number + 1], head = heads[number + 1], look = column.look?.[at];
      cell.textContent = column.text[at];
      cell.dataset.key = column.key[at];
      if (look) {
        const sign = one(`.${CSS.escape(look)}`, one("#looks").content)?.cloneNode(true);
        if (sign) { sign.append(column.text[at]); cell.replaceChildren(sign); }
      }
      cell.classList.toggle("away", head.classList.contains("away"));
      cell.classList.toggle("srt", head.getAttribute("aria-sort") !== "none");
    });
    return made;
  };
  const draw = () => {
    const focused = body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const first = Math.max(0, Math.min(Math.floor(box.scrollTop / height) - SPARE, shown.length - 1));
    const last = Math.min(shown.length, first + Math.ceil(box.clientHeight / height) + 2 * SPARE);
    above.firstChild.style.height = `${first * height}px`;
    below.firstChild.style.height = `${(shown.length - last) * height}px`;
    body.replaceChildren(above, ...shown.slice(first, last).map(row), below);
    if (focused) one(`a[href="${CSS.escape(focused)}"]`, body)?.focus({ preventScroll: true });
  };
  const select = () => {
    shown = order.filter((at) => sought[at].includes(words) && (!recipe || data.columns[recipes].text[at] === recipe));
    one(".found", box.parentElement).textContent = shown.length ? `${shown.length.toLocaleString("en-GB")} of ${order.length.toLocaleString("en-GB")} runs` : `no run matches`;
    box.scrollTop = 0;
    draw();
  };
  let waits = false;
  box.addEventListener("scroll", () => { if (!waits) { waits = true; requestAnimationFrame(() => { waits = false; draw(); }); } }, { passive: true });
  table.setAttribute("aria-rowcount", order.length + 1);
  draw();
  for (const head of heads) head.style.minWidth = `${head.getBoundingClientRect().width}px`; // columns stand still
  return {
    draw,
    find: (text) => { words = text.trim().toLowerCase(); select(); },
    only: (name) => { recipe = name; select(); },
    sort: (at, number, compare) => {
      const column = data.columns[at - 1], value = at === 0 ? data.labels : number ? column.key.map(parseFloat) : column.text;
      order = [...order].sort((a, b) => compare(value[a], value[b]));
      select();
    },
  };
};
for (const source of all("script[id^=rows-]")) {
  const table = document.getElementById(source.id.slice("rows-".length));
  new IntersectionObserver((seen, observer) => { if (seen.some((entry) => entry.isIntersecting)) { observer.disconnect(); rolled(table); } }, { rootMargin: "400px" }).observe(table);
}
document.addEventListener("input", async (event) => {
  const { roll, recipe } = event.target.dataset;
  if (roll) (await rolled(document.getElementById(roll))).find(event.target.value);
  if (recipe) (await rolled(document.getElementById(recipe))).only(event.target.value);
});
for (const button of document.querySelectorAll("[data-sort]")) button.disabled = false;
document.addEventListener("click", (event) => { const button = event.target.closest("[data-sort]"); if (button) sort(button); });
document.addEventListener("change", async (event) => {
  const { column, of } = event.target.dataset;
  if (!column) return;
  const table = document.getElementById(of);
  for (const cell of all(`[data-col="${CSS.escape(column)}"]`, table)) cell.classList.toggle("away", !event.target.checked);
  (await rolled(table))?.draw();
});

/* the story of a run, drawn when it is asked for */
const stories = new Map(); // number of the first run of a chunk -> promise of its stories
const element = (name, className, ...inside) => { const made = document.createElement(name); if (className) made.className = className; made.append(...inside); return made; };
const signed = (look, text) => { const sign = one(`.${CSS.escape(look)}`, one("#looks").content).cloneNode(true); sign.append(text); return sign; };
const listOf = (className, items) => (items.length ? [element("ul", className, ...items.map((item) => element("li", "", ...item)))] : []);
const story = (told) => [
  element("p", "", told.lead),
  ...(told.cause ? [element("p", "cause", element("b", "", "What moved first"), ` ${told.cause}.`)] : []),
  ...listOf("stood", told.findings.map(([look, word, check, headline]) => [signed(look, word), " ", element("b", "", check), ` ${headline}`])),
  ...(told.steps.length ? [element("h3", "", "What to do next")] : []),
  ...listOf("plain", told.steps.map(([action, why, key]) => [element("b", "", action), ` ${why} `, ...(key ? [element("code", "", key)] : [])])),
  ...(told.settings ? [element("p", "foot", `Differs from the reference in ${told.settings}.`)] : []),
  element("p", "foot", [`Read from ${told.source}`, ...told.notes].join(". ") + "."),
];
const tell = async () => {
  const number = /^run-(\d+)$/.exec(anchor())?.[1], sources = all("script[data-stories]");
  if (number === undefined || document.getElementById(`run-${number}`)) return;
  const source = sources.findLast((chunk) => Number(chunk.dataset.stories) <= number);
  if (!source) return;
  const first = Number(source.dataset.stories);
  if (!stories.has(first)) stories.set(first, unpacked(source.textContent).then(JSON.parse));
  const told = (await stories.get(first))[number - first];
  if (!told || document.getElementById(`run-${number}`)) return;
  const summary = element("summary", "", element("span", "tri"), element("b", "", told.label), `\u2002${told.headline}`, element("span", "n", signed(told.look, told.decision)));
  const box = element("details", "", summary, element("div", "folded", ...story(told)));
  box.id = `run-${number}`;
  box.open = true;
  one(".conf", source.closest("section")).append(box);
  box.scrollIntoView();
};
addEventListener("hashchange", tell);
tell();
