"use strict";
const marks = [...document.querySelectorAll("mark")];
const articles = [...document.querySelectorAll("article")];
const search = document.getElementById("search");
const found = document.getElementById("found");
const differences = document.getElementById("differences");
let hits = [];
let at = -1;
let onlyDifferences = false;

function surface(mark) {
  return mark.firstChild ? mark.firstChild.data : "";
}

function count(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function look() {
  const wanted = search.value.normalize("NFC").trim().toLowerCase();
  const labels = new Set([...document.querySelectorAll("header input:checked")].map((box) => box.value));
  for (const mark of marks) {
    mark.classList.toggle("hidden", !labels.has(mark.dataset.label));
    mark.classList.remove("found");
  }
  hits = marks.filter((mark) => {
    if (mark.classList.contains("hidden")) return false;
    if (onlyDifferences && !mark.closest(".dispute")) return false;
    return !wanted || surface(mark).toLowerCase().includes(wanted);
  });
  const all = !wanted && !onlyDifferences;
  const kept = new Set(hits.map((mark) => mark.closest("article")));
  for (const article of articles) article.classList.toggle("hidden", !all && !kept.has(article));
  if (!all) for (const mark of hits) mark.classList.add("found");
  found.textContent = `${count(hits.length, "mention")} in ${count(kept.size, "document")}`;
  at = -1;
}

function next() {
  if (!hits.length) return;
  at = (at + 1) % hits.length;
  hits[at].scrollIntoView({ block: "center" });
  found.textContent = `${at + 1} of ${count(hits.length, "mention")}`;
}

search.addEventListener("input", look);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") next();
});
document.getElementById("next").addEventListener("click", next);
for (const box of document.querySelectorAll("header input[type=checkbox]")) box.addEventListener("change", look);
if (differences) {
  differences.addEventListener("click", () => {
    onlyDifferences = !onlyDifferences;
    differences.setAttribute("aria-pressed", String(onlyDifferences));
    look();
  });
}
look();
