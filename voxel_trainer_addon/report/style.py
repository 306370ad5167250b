# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's style sheet: light and dark by the reader's own setting, no font or picture from elsewhere."""

CSS = """
:root {
  color-scheme: light dark;
  --bg: #f6f6f4; --card: #fff; --ink: #1d1f23; --soft: #5d636d; --line: #dfe0de; --accent: #2f6fb3;
  --base: #9a6a2f; --tuned: #2f6fb3; --near: #5f7a52; --good: #27744a; --bad: #a93a34; --code: #f4f4f1;
  --val: #b0812f; --test: #8a4f7d; --node: #fdfdfc; --node-line: #b9bbb8; --wire: #8b9098;
  --texture: #b86a3c; --shader: #3f8a57; --color: #a58a2e; --vector: #5b62b0; --input: #a3506b;
  --group: #4a7d54; --geometry: #1d8a78; --output: #8c3b3b; --math: #3f6f9c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #17181b; --card: #1f2125; --ink: #e7e8ea; --soft: #a0a6b0; --line: #34373d; --accent: #7db2ea;
    --base: #d9a766; --tuned: #7db2ea; --near: #9dbd8c; --good: #74c797; --bad: #ec8a83; --code: #17191c;
    --val: #d3a95a; --test: #c58bb8; --node: #2a2d32; --node-line: #4b4f57; --wire: #7d838d;
    --texture: #9c5b36; --shader: #357a4b; --color: #8a7428; --vector: #5157a0; --input: #8f465e;
    --group: #3f6d49; --geometry: #18766a; --output: #7d3535; --math: #38628a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.55 system-ui, Roboto, Ubuntu, Cantarell, Arial, sans-serif; overflow-wrap: anywhere;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 72px; }
h1 { font-size: 30px; line-height: 1.2; margin: 2px 0 14px; letter-spacing: -.01em; }
h2 { font-size: 20px; margin: 52px 0 6px; letter-spacing: -.005em; }
h3 { font-size: 15px; margin: 22px 0 6px; }
h4 { font-size: 13px; margin: 14px 0 4px; color: var(--soft); font-weight: 600; }
p { margin: 6px 0 12px; max-width: 78ch; }
a { color: var(--accent); }
.kicker, .soft, small { color: var(--soft); }
.kicker { font-size: 13px; margin: 0; }
.lead { font-size: 18px; line-height: 1.5; max-width: 66ch; }
nav { margin: 18px 0 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; }
nav a { text-decoration: none; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px;
  margin: 14px 0;
}
.card > :first-child { margin-top: 0; }
.card > :last-child { margin-bottom: 0; }
.two { display: grid; gap: 14px; margin: 14px 0; align-items: start; }
.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
.two > *, .lane > * { margin: 0; min-width: 0; }
.lane {
  display: grid; grid-template-columns: minmax(0, 290px) minmax(0, 1fr); gap: 4px 22px; align-items: center;
  border-top: 1px solid var(--line); padding: 14px 0; margin-top: 14px;
}
.lane + .lane { margin-top: 0; }
.lane:last-child { padding-bottom: 0; }
.lane h3 { margin-top: 0; }
.lane > details { grid-column: 1 / -1; }
.verdict strong { display: block; font-size: 20px; line-height: 1.3; margin: 2px 0 8px; }
.better strong { color: var(--good); }
.worse strong { color: var(--bad); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 8px 14px 8px 0; border-top: 1px solid var(--line); }
tbody:first-child tr:first-child > * { border-top: 0; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; }
tbody th { font-weight: 500; }
td.number, th.number {
  text-align: right; padding-right: 28px; font-variant-numeric: tabular-nums; white-space: nowrap;
}
tr.headline th { font-weight: 700; }
.value { font-variant-numeric: tabular-nums; font-weight: 600; white-space: nowrap; }
.range { color: var(--soft); font-size: 12.5px; white-space: nowrap; }
pre, code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
pre {
  background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px;
  margin: 10px 0; overflow: auto; max-height: 420px; line-height: 1.5; white-space: pre; overflow-wrap: normal;
  tab-size: 4;
}
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: 8px 0; }
summary { cursor: pointer; }
summary:hover { color: var(--accent); }
blockquote { margin: 0 0 10px; padding: 2px 0 2px 14px; border-left: 3px solid var(--accent); white-space: pre-wrap; }
.chips {
  display: flex; flex-wrap: wrap; gap: 4px 6px; margin: 8px 0; padding: 0; list-style: none; font-size: 12.5px;
}
.chips li { border: 1px solid var(--line); border-radius: 99px; padding: 1px 9px; }
.chips .yes { color: var(--good); }
.chips .no { color: var(--bad); }
.error { color: var(--bad); font-size: 13.5px; }
.missing { border-style: dashed; color: var(--soft); }
ul.plain { padding-left: 18px; margin: 8px 0; }
ul.plain li { margin: 4px 0; }
svg { display: block; font-family: inherit; }
svg text { fill: var(--ink); }
svg.plot { max-width: 100%; height: auto; }
.grid { stroke: var(--line); }
.tick, .axis { font-size: 12px; }
svg .tick, svg .axis { fill: var(--soft); }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.curve.train { stroke: var(--soft); opacity: .7; }
.curve.held, .curve.tuned { stroke: var(--tuned); }
.curve.base { stroke: var(--base); }
.curve.near { stroke: var(--near); }
.curve.val { stroke: var(--val); }
.curve.test { stroke: var(--test); }
.point.held, .point.tuned { fill: var(--tuned); }
.point.base { fill: var(--base); }
.point.near { fill: var(--near); }
.point.val { fill: var(--val); }
.point.test { fill: var(--test); }
.point.train { fill: var(--soft); }
.key {
  display: inline-block; width: 18px; height: 3px; vertical-align: middle; margin: 0 6px 0 0;
  border-radius: 2px; background: var(--soft);
}
.key.held, .key.tuned { background: var(--tuned); }
.key.base { background: var(--base); }
.key.near { background: var(--near); }
.key.val { background: var(--val); }
.key.test { background: var(--test); }
.legend { font-size: 13px; }
.legend > span { margin-right: 18px; white-space: nowrap; }
.dots { width: 120px; height: 14px; margin: 3px 0 0; }
.dots .track { stroke: var(--line); stroke-width: 2; }
.dots .span { stroke-width: 4; stroke-linecap: round; opacity: .4; }
.base .span { stroke: var(--base); }
.tuned .span { stroke: var(--tuned); }
.near .span { stroke: var(--near); }
.val .span { stroke: var(--val); }
.test .span { stroke: var(--test); }
.base .dot { fill: var(--base); }
.tuned .dot { fill: var(--tuned); }
.near .dot { fill: var(--near); }
.val .dot { fill: var(--val); }
.test .dot { fill: var(--test); }
.funnel {
  list-style: none; margin: 20px 0; padding: 0; display: grid; gap: 10px; grid-template-columns: repeat(4, 1fr);
}
.funnel li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.funnel b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.funnel .stage { font-size: 13px; color: var(--soft); }
.funnel small { display: block; font-size: 12.5px; line-height: 1.4; margin-top: 4px; }
rect.box { fill: var(--node); stroke: var(--node-line); }
path.wire { fill: none; stroke: var(--wire); stroke-width: 2; }
path.muted { stroke-dasharray: 4 4; opacity: .6; }
text.name { fill: #fff; font-size: 12px; font-weight: 600; }
text.socket { font-size: 11px; fill: var(--soft); }
.socket.out { text-anchor: end; }
.head { fill: var(--math); }
.head.texture { fill: var(--texture); }
.head.shader { fill: var(--shader); }
.head.color { fill: var(--color); }
.head.vector { fill: var(--vector); }
.head.input { fill: var(--input); }
.head.group { fill: var(--group); }
.head.geometry { fill: var(--geometry); }
.head.output { fill: var(--output); }
.port { fill: #a1a1a1; stroke: var(--node); }
.port.rgba { fill: #c7c729; }
.port.vector { fill: #6363c7; }
.port.shader { fill: #39b54a; }
.port.geometry { fill: #00a383; }
.port.boolean { fill: #c87fa6; }
.port.int { fill: #598c5c; }
.port.string { fill: #5c9ccc; }
.port.rotation { fill: #9e5bbf; }
.port.matrix { fill: #b8385b; }
.port.object { fill: #ed9e5c; }
.port.image { fill: #633863; }
.port.collection { fill: #cfcfcf; }
.port.material { fill: #eb7582; }
.port.menu { fill: #666; }
.bar { fill: var(--accent); }
.lying { width: 100%; height: 12px; border-radius: 2px; }
.part.train, .patch.train { fill: var(--tuned); background: var(--tuned); }
.part.val, .patch.val { fill: var(--val); background: var(--val); }
.part.test, .patch.test { fill: var(--test); background: var(--test); }
.patch { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin: 0 6px 0 0; }
td.wide { width: 42%; min-width: 110px; }
.lying { margin-top: 6px; }
.jobs small { display: block; font-weight: 400; font-size: 12.5px; line-height: 1.4; }
.kinds th small { display: block; font-weight: 400; font-size: 12.5px; line-height: 1.4; }
.bars th, .bars td { padding-top: 4px; padding-bottom: 4px; }
.bars th { width: 40%; font-weight: 400; }
td.good { color: var(--good); }
td.bad { color: var(--bad); font-weight: 600; }
table.narrow { width: auto; }
.way { list-style: none; padding-left: 18px; }
.way > li { padding: 7px 0 7px 18px; border-left: 2px solid var(--line); position: relative; }
.way > li::before {
  content: ""; position: absolute; left: -5px; top: 15px; width: 8px; height: 8px; border-radius: 50%;
  background: var(--accent);
}
.way b { font-variant-numeric: tabular-nums; }
.way > li > b { font-size: 18px; margin-right: 7px; }
.way small { display: block; }
.way ul { list-style: none; margin: 3px 0 0; padding: 0; font-size: 13.5px; color: var(--soft); }
.way ul b { display: inline-block; min-width: 54px; color: var(--bad); font-weight: 600; }
fieldset { border: 0; margin: 10px 0 0; padding: 0; min-width: 0; }
fieldset > legend { padding: 0; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.filters { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 8px; font-size: 13.5px; }
.filters.tasks { display: none; font-size: 12.5px; }
.filters label {
  border: 1px solid var(--line); border-radius: 99px; padding: 3px 12px; cursor: pointer; background: var(--card);
  position: relative;
}
.filters label:hover { border-color: var(--accent); }
.filters label:has(:checked) { background: var(--accent); border-color: var(--accent); color: var(--bg); }
.filters label:has(:checked) small { color: inherit; }
.filters label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
.filters input { position: absolute; opacity: 0; width: 1px; height: 1px; }
.filters small { margin-left: 6px; }
.example { content-visibility: auto; contain-intrinsic-size: auto 420px; }
.example summary small { margin-left: 6px; }
.example .said { white-space: pre-wrap; }
.example > .chips { margin: 0 0 10px; }
.example > .chips li:first-child { color: var(--accent); border-color: var(--accent); }
.diff .gone { color: var(--bad); }
.diff .come { color: var(--good); }
svg.shelf { position: absolute; width: 0; height: 0; }
.mark .frame { fill: none; stroke-width: 2.5; }
.mark .sign { text-anchor: middle; font-size: 13px; font-weight: 700; fill: var(--card); }
.graph .added .frame, .graph .added .wire { stroke: var(--good); }
.graph .lacking .frame, .graph .lacking .wire { stroke: var(--bad); stroke-dasharray: 6 4; }
.graph .changed .frame { stroke: var(--val); }
.added circle { fill: var(--good); }
.lacking circle { fill: var(--bad); }
.changed circle { fill: var(--val); }
text.change { fill: var(--val); font-weight: 600; }
ul.edits { font-size: 13.5px; list-style: none; padding-left: 6px; }
.edits b { display: inline-block; width: 16px; }
.edits .added b { color: var(--good); }
.edits .lacking b { color: var(--bad); }
.edits .changed b { color: var(--val); }
.errors a { padding: 0 2px; }
figure { margin: 0 0 10px; }
figcaption { font-size: 12.5px; color: var(--soft); margin: 4px 0 0; }
figure img { max-width: 100%; height: auto; border-radius: 6px; display: block; }
.pair { display: flex; flex-wrap: wrap; gap: 14px 34px; align-items: flex-start; }
.row .lane { grid-template-columns: minmax(0, 1fr); }
.pair > * { max-width: 100%; min-width: 0; }
.card.row { padding: 0; content-visibility: auto; contain-intrinsic-size: auto 44px; margin: 8px 0; }
.row > summary { padding: 10px 14px; list-style: none; display: flex; flex-wrap: wrap; gap: 2px 10px; }
.row > summary::-webkit-details-marker { display: none; }
.row > summary b { min-width: 24px; color: var(--soft); font-variant-numeric: tabular-nums; }
.row > summary .start {
  flex: 1 1 0; min-width: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; overflow-wrap: normal;
}
.row[open] > summary { border-bottom: 1px solid var(--line); }
.row[open] > summary .start { display: none; }
.row:not([open]) .marks { flex-basis: 100%; padding-left: 34px; }
.row > div { padding: 14px 18px 4px; }
.row > div:target { box-shadow: inset 3px 0 0 var(--accent); }
.filters > span { flex-basis: 100%; margin-top: 4px; }
.marks { display: flex; flex-wrap: wrap; gap: 0 10px; }
.marks .yes { color: var(--good); }
.marks .no { color: var(--bad); }
.part th[scope="rowgroup"] { font-weight: 700; padding-top: 16px; }
.part th small { font-weight: 400; }
footer { margin-top: 56px; color: var(--soft); font-size: 13px; }
@media (max-width: 640px) {
  main { padding: 24px 14px 48px; }
  h1 { font-size: 25px; }
  .lead { font-size: 16.5px; }
  .card { padding: 13px 14px; }
  .dots { width: 84px; }
  .funnel { grid-template-columns: repeat(2, 1fr); }
  .lane { grid-template-columns: minmax(0, 1fr); }
  .legend > span { white-space: normal; display: block; }
  td.wide { width: 30%; min-width: 64px; }
  .kinds thead { display: none; }
  .kinds tr { display: grid; grid-template-columns: 1fr auto auto; border-top: 1px solid var(--line); }
  .kinds th, .kinds td { border: 0; }
  .kinds th { grid-column: 1 / -1; padding-bottom: 0; }
  .kinds td.wide { width: auto; }
  .kinds td.number:last-child { display: none; }
  td.number, th.number { padding-right: 12px; }
  .figures thead { display: none; }
  .figures tr {
    display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); border-top: 1px solid var(--line);
  }
  .figures th, .figures td { border: 0; }
  .figures tr > :first-child { grid-column: 1 / -1; padding-bottom: 0; }
  .figures td::before { content: attr(data-who); display: block; font-size: 12px; color: var(--soft); }
  th, td { padding-right: 10px; }
}
@media print {
  body { background: #fff; }
  .card, .funnel li { break-inside: avoid; }
  pre { max-height: none; }
}
"""
