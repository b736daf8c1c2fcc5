#include "server/status_page.h"

namespace sluice::server {
namespace {

// All text that comes from the status goes through textContent: a table's name is data, never markup.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: #1b2733; --soft: #667788; --line: #dde4ea; --paper: #f6f8fa; --card: #fff;
          --blue: #1769aa; --green: #2b8a3e; --amber: #b7791f; --red: #c0392b; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #dfe7ee; --soft: #8fa1b3; --line: #2c3947; --paper: #131a21; --card: #1b242d; --blue: #5fb0ea;
            --green: #6fcf85; --amber: #e3b557; --red: #ef7f73; } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
  header { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: baseline; padding: 1rem 1.5rem;
           border-bottom: 1px solid var(--line); background: var(--card); }
  h1 { font-size: 1.25rem; margin: 0; letter-spacing: .02em; }
  h2 { font-size: 1.05rem; margin: 0; }
  main { max-width: 1100px; margin: 0 auto; padding: 1.2rem 1.5rem 3rem; }
  section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem; margin: 0 0 1.2rem; }
  .top { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: baseline; justify-content: space-between; }
  .soft { color: var(--soft); }
  .state { font-weight: 600; } .good { color: var(--green); } .wait { color: var(--amber); } .bad { color: var(--red); }
  .facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .8rem 0; }
  .facts div b { display: block; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
  .facts div span { color: var(--soft); font-size: .85rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th { text-align: left; font-weight: 500; color: var(--soft); font-size: .85rem; }
  th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
  tr:last-child td { border-bottom: 0; }
  .n { text-align: right; }
  .bar { width: 120px; height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; display: inline-block; }
  .bar i { display: block; height: 100%; background: var(--blue); }
  .error { color: var(--red); margin: .5rem 0 0; white-space: pre-wrap; }
  .note { white-space: normal; color: var(--soft); min-width: 12rem; }
  td.note:empty { min-width: 0; }
  .ours td { color: var(--soft); }
  @media (max-width: 640px) {
    header, main { padding-left: .8rem; padding-right: .8rem; }
    section { padding: .8rem; }
    th, td { padding-right: .5rem; font-size: .85rem; }
    td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 7.5rem; }
    .facts { gap: .5rem 1.2rem; }
  }
</style>
</head>
<body>
<header><h1>Sluice</h1><span id="state" class="state">connecting</span><span id="about" class="soft"></span></header>
<main id="main"></main>
<script>
"use strict";
const before = new Map();
const el = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
const num = n => Number(n).toLocaleString("en");
const bytes = n => { const u = ["B", "kB", "MB", "GB", "TB"]; let i = 0; while (n >= 1000 && i < 4) { n /= 1000; ++i; } return (i && n < 100 ? n.toFixed(1) : Math.round(n)) + " " + u[i]; };
const secs = s => s < 0.0005 ? "0" : s < 1 ? Math.round(s * 1000) + " ms" : s < 120 ? s.toFixed(1) + " s" : Math.round(s / 60) + " min";
const tone = s => ["streaming", "archiving", "serving", "running"].includes(s) ? "good" : ["failed", "parked"].includes(s) ? "bad" : "wait";
function fact(value, name) { const d = el("div"); d.append(el("b", "", value), el("span", "", name)); return d; }
// A name that may be broken after its dots.
const breakable = name => name.split(".").flatMap((part, i, all) => i + 1 < all.length ? [part + ".", el("wbr")] : [part]);
function table(heads, rows, soft = () => false) {
  const t = el("table"), h = el("tr");
  for (const [name, cls] of heads) h.append(el("th", cls, name));
  t.append(h);
  for (const row of rows) {
    const r = el("tr", soft(row) ? "ours" : "");
    row.forEach((cell, i) => { const d = el("td", heads[i][1]); cell instanceof Node ? d.append(cell) : i ? d.textContent = cell : d.append(...breakable(cell)); r.append(d); });
    t.append(r);
  }
  const box = el("div", "scroll"); box.append(t); return box;
}
function rate(key, rows, now) {
  const old = before.get(key);
  if (!old || now - old.at > 900) before.set(key, { at: now, rows, rate: old ? Math.max(0, (rows - old.rows) * 1000 / (now - old.at)) : 0 });
  return before.get(key).rate;
}
function items(stage) {
  const source = stage.kind === "source", snapshot = stage.items.some(item => item.state === "snapshot");
  const notes = stage.items.some(item => item.note) ? [["", "note"]] : [];
  const heads = source ? [["table", ""], ["state", ""], ["rows", "n"], ...(snapshot ? [["snapshot", ""]] : []), ...notes]
                       : [["topic", ""], ["state", ""], ["rows", "n"], ["offset", "n"], ["behind", "n"], ...notes];
  return table(heads, stage.items.map(item => {
    const state = el("span", tone(item.state), item.state), note = notes.length ? [item.note] : [];
    if (!source) return [item.name, state, num(item.rows), num(item.offset), num(Math.max(0, item.end_offset - item.offset)), ...note];
    if (!snapshot) return [item.name, state, num(item.rows), ...note];
    let progress = "";
    if (item.state === "snapshot") {
      const part = item.snapshot_rows_expected ? Math.min(1, item.snapshot_rows / item.snapshot_rows_expected) : 0;
      progress = el("span"); const bar = el("span", "bar"), fill = el("i"); fill.style.width = part * 100 + "%";
      bar.append(fill); progress.append(bar, " " + Math.round(part * 100) + " %");
    }
    return [item.name, state, num(item.rows), progress, ...note];
  }));
}
function card(stage, now) {
  const s = el("section"), top = el("div", "top"), facts = el("div", "facts");
  top.append(el("h2", "", stage.kind + " " + stage.name), el("span", "state " + tone(stage.state), stage.state));
  facts.append(fact(num(Math.round(rate(stage.kind + stage.name, stage.rows_total, now))), "rows a second"),
               fact(num(stage.rows_total), "rows since start"), ...(stage.kind === "view" ? [fact(num(stage.items.reduce((n, i) => n + Math.max(0, i.end_offset - i.offset), 0)), "records behind")]
                                        : [fact(bytes(stage.lag_bytes), "lag"), fact(secs(stage.lag_seconds), "lag in time")]));
  if (stage.kind === "sink") {
    facts.append(fact(num(stage.files_published), "files published"), fact(bytes(stage.bytes_published), "published"),
                 fact(num(stage.open_files), "open files"), fact(bytes(stage.held_bytes), "log held"));
    if (stage.dead_letters) facts.append(fact(num(stage.dead_letters), "dead letters"));
  }
  if (stage.kind === "view") {
    facts.append(fact(num(stage.view_rows), "rows in it"), fact(bytes(stage.state_bytes), "remembered"));
    if (stage.watermark_ms >= 0) facts.append(fact(new Date(stage.watermark_ms).toISOString().slice(0, 19).replace("T", " "), "watermark"));
    if (stage.late) facts.append(fact(num(stage.late), "late"));
    if (stage.failed_rows) facts.append(fact(num(stage.failed_rows), "failed"));
    if (stage.restored < 1) {
      const box = el("div"), bar = el("span", "bar"), fill = el("i"); fill.style.width = stage.restored * 100 + "%";
      bar.append(fill); box.append(bar, el("span", "", " restored")); facts.append(box);
    }
  }
  if (stage.position) facts.append(fact(stage.position, "position"));
  s.append(top, facts);
  if (stage.error) s.append(el("p", "error", stage.error + (stage.hint ? "\n" + stage.hint : "")));
  const more = Object.entries(stage.facts).map(([k, v]) => k + " " + v).join("  ·  ");
  if (more) s.append(el("p", "soft", more));
  if (stage.items.length) s.append(items(stage));
  return s;
}
const ours = name => name.startsWith("_");
function topics(list) {
  const s = el("section"); s.append(el("h2", "", "Topics"));
  s.append(table([["topic", ""], ["partitions", "n"], ["first offset", "n"], ["next offset", "n"]],
                 [...list.filter(t => !ours(t.name)), ...list.filter(t => ours(t.name))].map(t => [t.name, num(t.partitions), num(t.start), num(t.end)]),
                 row => ours(row[0])));
  return s;
}
async function tick() {
  const state = document.getElementById("state");
  try {
    const status = await (await fetch("/status")).json(), now = Date.now();
    state.textContent = status.state; state.className = "state " + tone(status.state);
    document.getElementById("about").textContent = "version " + status.version + "  ·  " +
      ["kafka", "registry"].map(kind => kind + " " + (status.listen[kind] || ["off"]).join(", ")).join("  ·  ") + "  ·  data " + status.data + "  ·  up " + secs(status.uptime_seconds);
    const parts = status.stages.map(s => card(s, now));
    for (const text of [status.disk_full, ...status.damaged]) {
      if (text) { const s = el("section"); s.append(el("p", "error", text)); parts.unshift(s); }
    }
    if (status.topics.length) parts.push(topics(status.topics));
    document.getElementById("main").replaceChildren(...parts);
  } catch (error) { state.textContent = "not reachable"; state.className = "state bad"; }
  setTimeout(tick, 1000);
}
tick();
</script>
</body>
</html>
)html";

}  // namespace

std::string_view status_page() { return kPage; }

}  // namespace sluice::server
