(() => {
"use strict";
/* tables: sort by a column, choose columns */
const body = (table) => table.tBodies[0];
const sort = (button) => {
  const head = button.closest("th"), table = head.closest("table"), at = head.cellIndex, number = button.dataset.sort === "number";
  const down = head.getAttribute("aria-sort") !== (number ? "descending" : "ascending") ? number : !number;
  const value = (row) => (number ? parseFloat(row.cells[at].dataset.key) : row.cells[at].textContent.trim());
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (number) return Number.isNaN(x) - Number.isNaN(y) || (down ? y - x : x - y); // what isn't known stays last
    return (down ? -1 : 1) * x.localeCompare(y, "en", { numeric: true });
  };
  body(table).append(...[...body(table).rows].sort(compare));
  for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", other === head ? (down ? "descending" : "ascending") : "none");
  for (const row of body(table).rows) for (const cell of row.cells) cell.classList.toggle("srt", cell.cellIndex === at && cell.nodeName === "TD");
};
document.addEventListener("click", (event) => { const button = event.target.closest("[data-sort]"); if (button) sort(button); });
document.addEventListener("change", (event) => {
  const { column, of } = event.target.dataset;
  if (column) for (const cell of document.getElementById(of).querySelectorAll(`[data-col="${CSS.escape(column)}"]`)) cell.classList.toggle("away", !event.target.checked);
});
})();
