/** Of the page of a scan, beside what all pages have. */
export const reportStyle = `
:root { --warn: #a06a00; --chip: #eceef0; }
@media (prefers-color-scheme: dark) { :root { --warn: #e0b04a; --chip: #2b2e34; } }
main { max-width: 1400px; }
main > dl { margin-bottom: 16px; }
[hidden] { display: none !important; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 0 0 20px; padding: 0; list-style: none; }
.tiles li { padding: 10px 14px; background: var(--card); border: 1px solid var(--line); border-left-width: 4px; border-radius: 8px; }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles small { display: block; }
.tiles .broken { border-left-color: var(--hurts); }
.tiles .will-break { border-left-color: var(--warn); }
.tiles .advice { border-left-color: var(--value); }
.tiles .rest { border-left-color: var(--axis); }
form { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; padding: 12px; margin: 0 0 8px;
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
form label { display: grid; gap: 2px; font-size: .8rem; color: var(--soft); flex: 0 1 160px; min-width: 0; }
form label.text { flex: 1 1 220px; }
input, select, button { font: inherit; font-size: .95rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--axis); border-radius: 6px; padding: 4px 8px; width: 100%; min-width: 0; height: 34px; }
form button { flex: 0 0 auto; width: auto; cursor: pointer; }
form output { flex: 1 0 100%; font-size: .85rem; color: var(--soft); }
form output:empty { display: none; }
:focus-visible { outline: 2px solid var(--value); outline-offset: 1px; }
section > h2 { font-size: 1.1rem; }
section > h2 .ill, section > h2 .warn, section > h2 .note { margin-right: 6px; }
.warn { color: var(--warn); }
.note { color: var(--value); }
.cause { border: 1px solid var(--line); border-radius: 8px; background: var(--card); margin: 6px 0; }
.far { content-visibility: auto; contain-intrinsic-size: auto 44px; }
.cause > summary { display: grid; grid-template-columns: 5.2em 5em minmax(0, 5fr) minmax(0, 3fr) minmax(0, 3fr) minmax(0, 1.5fr);
  gap: 2px 12px; align-items: baseline; padding: 9px 12px; cursor: pointer; list-style: none; overflow-wrap: anywhere; }
.cause > summary::-webkit-details-marker { display: none; }
.cause > summary code::before { content: '▸'; display: inline-block; width: 1.1em; color: var(--soft); }
.cause[open] > summary code::before { content: '▾'; }
.cause > summary .what { font-weight: 600; }
.cause > summary .where, .cause > summary .owner { color: var(--soft); }
.severity { font-size: .8rem; justify-self: start; padding: 1px 7px; border-radius: 9px; background: var(--chip); }
.severity.critical, .severity.high { color: var(--hurts); }
.severity.medium { color: var(--warn); }
.known { padding: 10px 12px 12px; border-top: 1px solid var(--line); }
.finding { padding: 10px 12px 12px; border-top: 1px solid var(--line); }
.finding.far { contain-intrinsic-size: auto 170px; }
.finding h3 { margin: 0 0 4px; overflow-wrap: anywhere; }
.finding p { margin: 0 0 6px; overflow-wrap: anywhere; }
.cure { font-weight: 600; color: var(--well); }
dd small { margin-left: 6px; }
code, pre { font: .88em ui-monospace, monospace; }
pre { margin: 0; padding: 6px 8px; background: var(--chip); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.rows { margin: 6px 0; padding-left: 20px; overflow-wrap: anywhere; }
details.folded > summary { cursor: pointer; font-size: 1.1rem; font-weight: 700; }
details.folded > summary small { font-weight: 400; }
@media (max-width: 900px) {
  .cause > summary { grid-template-columns: 5.2em minmax(0, 1fr) minmax(0, 1fr); }
  .cause > summary .what { grid-column: 1 / -1; }
  .cause > summary .whom, .cause > summary .where { grid-column: 1 / -1; }
  .cause > summary .owner { grid-row: 1; grid-column: 3; text-align: right; }
}
@media (max-width: 560px) {
  .tiles { grid-template-columns: 1fr 1fr; }
  form label { flex: 1 1 40%; }
  .finding dd, .known dd { margin-bottom: 6px; }
}
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --axis: #888; --chip: #eee;
    --hurts: #a8221a; --warn: #7a5000; --value: #1f4f91; --well: #14582c; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  .tiles { grid-template-columns: repeat(5, 1fr); gap: 8px; }
  form button, form label { display: none; }
  form { border: 0; padding: 0; }
  .far { content-visibility: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .cause > summary code::before, .cause[open] > summary code::before { content: none; }
  section { break-inside: auto; }
  .cause > summary, .finding h3, section > h2 { break-after: avoid; }
  .cause > summary, .known, dd { break-inside: avoid; }
}
`
