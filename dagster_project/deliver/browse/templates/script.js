"use strict";
// Shows what the blocks hold. Values become text nodes or are compared; none becomes markup, an
// attribute that acts, or part of an address.
const [ID, PAGE, NAME, DAY, WORKFLOW, STATE, VERDICT, GAP, ANSWERED, EXPECTED, WHY, ASKED, MODELS, REGIONS, CELLS] =
  Array(15).keys();
const SHOWN_AT_ONCE = 100;
const SCORED = new Set(["substantive", "refusal", "partial_refusal"]);
const $ = id => document.getElementById(id);
const read = element => JSON.parse(element.textContent);
const words = read($("words"));
const jobs = [...document.querySelectorAll("script.block")].flatMap(read);
const questions = words.questions.map(([id, text, category, wordings]) => ({id, text, category, wordings}));
const folded = text => text.toLowerCase();
const questionTexts = questions.map(one => folded(`${one.id} ${one.text}`));
const haystacks = jobs.map(job => folded(`${job[ID]} ${job[NAME]}`));
const asked = jobs.map(job => {
  const found = new Set(job[ASKED]);
  for (let n = 0; n < job[CELLS].length; n += 2) found.add(words.cells[job[CELLS][n]][0]);
  return found;
});
let found = [];
let shown = 0;
let cell = null;

function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") element.className = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}
const named = text => make("bdi", {}, text);
// An id of words and underscores breaks between the words.
const broken = id => make("bdi", {}, ...id.split("_").flatMap((word, n) => (n ? ["_", make("wbr"), word] : [word])));
const number = value => value.toLocaleString("en-US");
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
const names = (list, numbers) => numbers.map(one => list[one]).join(", ");
const inOrder = numbers => words.region_order.filter(one => numbers.includes(one));

function fill(id, options) {
  $(id).append(...options.map(([value, text]) => make("option", {value}, text)));
}
const used = (column, list) => {
  const there = new Set(jobs.map(job => job[column]));
  return Object.entries(list).filter(([code]) => there.has(code));
};
const listed = list => list.map((text, n) => [n, text]).sort((a, b) => a[1].localeCompare(b[1], "en"));
fill("state", used(STATE, words.states));
fill("verdict", [...used(VERDICT, words.verdicts), ["none", "None"]]);
fill("workflow", listed(words.workflows));
fill("model", listed(words.models));
fill("region", words.region_order.map(n => [n, words.regions[n]]));
fill("category", [...new Set(questions.map(one => one.category))].filter(Boolean).sort().map(one => [one, one]));

function wanted() {
  const values = Object.fromEntries(new FormData($("filters")));
  const text = folded(values.text.trim());
  const byText = new Set(questionTexts.flatMap((one, n) => (one.includes(text) ? [n] : [])));
  const byCategory = new Set(questions.flatMap((one, n) => (one.category === values.category ? [n] : [])));
  const any = (set, some) => { for (const one of set) if (some.has(one)) return true; return false; };
  const tests = [
    text && ((job, n) => haystacks[n].includes(text) || any(asked[n], byText)),
    values.from && (job => job[DAY] >= values.from),
    values.to && (job => job[DAY] <= values.to),
    values.state && (job => job[STATE] === values.state),
    values.verdict && (job => (job[VERDICT] ?? "none") === values.verdict),
    values.workflow && (job => job[WORKFLOW] === Number(values.workflow)),
    values.model && (job => job[MODELS].includes(Number(values.model))),
    values.region && (job => job[REGIONS].includes(Number(values.region))),
    values.category && ((job, n) => any(asked[n], byCategory)),
    cell !== null && (job => outcomesIn(job, cell).length > 0),
  ].filter(Boolean);
  return {values, byText: text ? byText : null, tests};
}
function outcomesIn(job, wantedCell) {
  const outcomes = [];
  for (let n = 0; n < job[CELLS].length; n += 2) {
    if (job[CELLS][n] === wantedCell) outcomes.push(words.outcomes[job[CELLS][n + 1]][1]);
  }
  return outcomes;
}
const complete = job => (job[EXPECTED] ? job[ANSWERED] / job[EXPECTED] : 2);
const ORDERS = {
  newest: null,
  oldest: (a, b) => a[DAY].localeCompare(b[DAY]) || a[ID].localeCompare(b[ID]),
  gap: (a, b) => (b[GAP] ?? -1) - (a[GAP] ?? -1),
  incomplete: (a, b) => complete(a) - complete(b),
};

function update() {
  const {values, byText, tests} = wanted();
  found = jobs.filter((job, n) => tests.every(test => test(job, n)));
  const order = ORDERS[$("order").value];
  $("found").textContent = found.length === jobs.length
    ? plural(jobs.length, "job") : `${number(found.length)} of ${plural(jobs.length, "job")}`;
  $("cell").hidden = cell === null;
  const head = document.querySelector(".jobs thead .answer");
  head.hidden = cell === null;
  showJobs(order ? [...found].sort(order) : found);
  showMatrix(values, byText);
}

let ordered = [];
function showJobs(list) {
  ordered = list;
  shown = 0;
  document.querySelector(".jobs tbody").replaceChildren();
  document.querySelector("#jobs .none").hidden = list.length > 0;
  showMore();
}
function showMore() {
  const next = ordered.slice(shown, shown + SHOWN_AT_ONCE);
  document.querySelector(".jobs tbody").append(...next.map(row));
  shown += next.length;
  $("more").hidden = shown >= ordered.length;
  $("more").textContent = `${number(ordered.length - shown)} more; show the next ${number(Math.min(SHOWN_AT_ONCE, ordered.length - shown))}`;
}
function row(job) {
  const why = job[STATE] === "analysed" ? [] : [make("small", {}, job[WHY])];
  const state = words.states[job[STATE]] ?? job[STATE];
  const regions = names(words.regions, inOrder(job[REGIONS]));
  const points = job[GAP] === null ? "–" : number(Math.round(job[GAP] * 100));
  const verdict = job[VERDICT] === null
    ? make("span", {}, "–")
    : make("span", {class: `verdict-name ${job[VERDICT] in words.verdicts ? job[VERDICT] : ""}`}, words.verdicts[job[VERDICT]] ?? job[VERDICT]);
  return make("tr", {},
    make("th", {scope: "row"},
      make("a", {href: `jobs/${/^[0-9a-f]+\.html$/.test(job[PAGE]) ? job[PAGE] : ""}`}, named(job[ID])),
      ...(job[NAME] ? [make("small", {}, named(job[NAME]))] : []),
      make("small", {class: "brief"}, `${job[DAY]}, ${state}; ${regions}`)),
    make("td", {class: "answer", ...(cell === null ? {hidden: ""} : {})}, cell === null ? "" : outcomesIn(job, cell).join(", ")),
    make("td", {class: "day"}, job[DAY]),
    make("td", {}, words.workflows[job[WORKFLOW]]),
    make("td", {}, state, ...why),
    make("td", {class: "number"}, `${number(job[ANSWERED])} of ${number(job[EXPECTED])}`),
    make("td", {}, regions),
    make("td", {}, named(names(words.models, job[MODELS]))),
    make("td", {class: "number"}, points),
    make("td", {}, verdict));
}

function counted() {
  const counts = new Map();
  for (const job of found) {
    for (let n = 0; n < job[CELLS].length; n += 2) {
      const outcome = words.outcomes[job[CELLS][n + 1]][0];
      let one = counts.get(job[CELLS][n]);
      if (!one) counts.set(job[CELLS][n], one = {refused: 0, scored: 0, others: 0});
      if (outcome === "refusal") one.refused += 1;
      if (SCORED.has(outcome)) one.scored += 1;
      else one.others += 1;
    }
  }
  return counts;
}
function showMatrix(values, byText) {
  const counts = counted();
  const fits = ([question, model, region]) =>
    (!values.model || model === Number(values.model))
    && (!values.region || region === Number(values.region))
    && (!values.category || questions[question].category === values.category)
    && (!byText || byText.size === 0 || byText.has(question));
  const byPlace = new Map();
  for (const [number_, counts_] of counts) {
    const place = words.cells[number_];
    if (fits(place)) byPlace.set(place.join(), [number_, counts_]);
  }
  const places = [...byPlace.keys()].map(one => one.split(",").map(Number));
  const distinct = at => [...new Set(places.map(one => one[at]))];
  const models = distinct(1).sort((a, b) => words.models[a].localeCompare(words.models[b], "en"));
  const columns = models.flatMap(model =>
    inOrder(places.filter(one => one[1] === model).map(one => one[2])).map(region => [model, region]));
  document.querySelector(".matrix thead").replaceChildren(
    make("tr", {}, make("th", {scope: "col", rowspan: 2}, "Question"),
      ...models.map(model => make("th", {scope: "colgroup", class: "group", colspan: columns.filter(one => one[0] === model).length}, named(words.models[model])))),
    make("tr", {}, ...columns.map(([, region]) => make("th", {scope: "col", class: "number"}, words.regions[region]))));
  const rows = distinct(0).sort((a, b) =>
    !questions[a].category - !questions[b].category
    || questions[a].category.localeCompare(questions[b].category, "en") || questions[a].id.localeCompare(questions[b].id, "en"));
  const body = document.querySelector(".matrix tbody");
  body.replaceChildren();
  let category = null;
  for (const question of rows) {
    const one = questions[question];
    if (one.category !== category) {
      category = one.category;
      body.append(make("tr", {class: "category"}, make("th", {scope: "colgroup", colspan: columns.length + 1}, category || "no known category")));
    }
    const wordings = one.wordings > 1 ? [make("small", {}, `the newest of ${one.wordings} wordings`)] : [];
    body.append(make("tr", {},
      make("th", {scope: "row"}, one.text ? named(one.text) : broken(one.id), ...(one.text ? [make("small", {}, broken(one.id))] : []), ...wordings),
      ...columns.map(([model, region]) => square(byPlace.get([question, model, region].join())))));
  }
  body.querySelector("button")?.setAttribute("tabindex", "0");
  document.querySelector("#questions .none").hidden = rows.length > 0;
  document.querySelector(".matrix").hidden = rows.length === 0;
}
function square(place) {
  if (!place) return make("td", {}, "–");
  const [number_, {refused, scored, others}] = place;
  const share = scored >= words.minimum ? refused / scored : null;
  const level = share === null ? "" : `heat-${Math.min(5, Math.ceil(share * 5))}`;
  const percent = share === null ? [] : [`${Math.round(share * 100)}% `];
  const failed = others ? `, ${others} without a scored answer` : "";
  const button = make("button", {type: "button", tabindex: "-1", "aria-label": `${describe(number_)}: ${refused} of ${scored} refused${failed}. Show its jobs`},
    ...percent, make("small", {}, `${refused} of ${scored}`));
  button.addEventListener("click", () => choose(number_));
  return make("td", {class: level}, button);
}
function describe(number_) {
  const [question, model, region] = words.cells[number_];
  return `${questions[question].id}, ${words.models[model]}, ${words.regions[region]}`;
}
function choose(number_) {
  cell = number_;
  const clear = make("button", {type: "button"}, "Remove");
  clear.addEventListener("click", () => { cell = null; update(); $("text").focus(); });
  $("cell").replaceChildren("Jobs that asked ", named(describe(number_)), clear);
  select("jobs");
  update();
  $("found").focus();
}

const TABS = ["jobs", "questions", "regions"];
function select(name) {
  $("filters").hidden = $("found").hidden = name === "regions";
  for (const one of TABS) {
    $(one).hidden = one !== name;
    $(`tab-${one}`).setAttribute("aria-selected", String(one === name));
    $(`tab-${one}`).tabIndex = one === name ? 0 : -1;
  }
}
for (const name of TABS) {
  $(`tab-${name}`).addEventListener("click", () => select(name));
  $(`tab-${name}`).addEventListener("keydown", event => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const step = event.key === "ArrowLeft" ? -1 : 1;
    const other = TABS.at((TABS.indexOf(name) + step) % TABS.length);
    select(other);
    $(`tab-${other}`).focus();
  });
}
// One stop for Tab in the whole matrix; arrows go on from there.
document.querySelector(".matrix tbody").addEventListener("keydown", event => {
  const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
  const at = event.target.closest("td");
  if (!step || !at) return;
  event.preventDefault();
  let line = at.parentElement;
  let column = at.cellIndex;
  for (;;) {
    if (step[0]) line = step[0] < 0 ? line.previousElementSibling : line.nextElementSibling;
    column += step[1];
    const next = line?.cells[column];
    if (!line || (step[1] && !next)) return;
    const button = next?.querySelector("button");
    if (!button) continue;
    event.target.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
    return;
  }
});
let waiting = 0;
$("filters").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, 120); });
$("filters").addEventListener("submit", event => event.preventDefault());
$("filters").addEventListener("reset", () => { cell = null; setTimeout(update); });
$("order").addEventListener("input", update);
$("more").addEventListener("click", () => {
  const first = shown;
  showMore();
  document.querySelectorAll(".jobs tbody a")[first]?.focus();
});
document.querySelector(".more").open = matchMedia("(min-width: 52rem)").matches;
update();
