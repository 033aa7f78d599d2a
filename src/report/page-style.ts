/** Of all pages: light and dark as the reader has it, one column where it is narrow. */
export const pageStyle = `
:root {
  --paper: #fcfcfb; --card: #ffffff; --ink: #1c1d1f; --soft: #5d6168; --line: #e3e4e6; --axis: #a9adb3;
  --value: #2f6fc4; --hurts: #c8352b; --well: #1d7a3c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141518; --card: #1c1e22; --ink: #e9eaec; --soft: #a2a7af; --line: #2e3136; --axis: #5c626b;
    --value: #6aa5f0; --hurts: #ff7a6b; --well: #6cc98a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 8px; }
main > dl { margin-bottom: 20px; }
h2 { font-size: 1rem; margin: 0 0 8px; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 24px 0 8px; }
small, h2 time { font-weight: 400; color: var(--soft); font-size: .85rem; }
h2 time { display: inline-block; min-width: 4em; font-variant-numeric: tabular-nums; }
section { border-top: 1px solid var(--line); padding: 16px 0; }
.outcome { font-weight: 600; margin: 0 0 16px; overflow-wrap: anywhere; }
.well { color: var(--well); }
.ill { color: var(--hurts); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; margin: 12px 0 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { white-space: nowrap; padding: 4px 0 4px 28px; text-align: right; border-bottom: 1px solid var(--line); }
tbody th { padding-left: 0; text-align: left; font-weight: 400; color: var(--soft); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
figcaption { font-size: .9rem; font-weight: 600; margin-bottom: 6px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
svg text.strong { fill: var(--ink); }
svg text.faint { fill: var(--axis); }
rect.value { fill: var(--value); }
rect.hurts { fill: var(--hurts); }
.grid { stroke: var(--line); fill: none; }
.axis { stroke: var(--axis); fill: none; }
.course { stroke: var(--value); stroke-width: 2; stroke-linejoin: round; fill: none; }
.dots { fill: none; stroke-linecap: round; stroke-width: 2; }
.dots.value { stroke: var(--value); stroke-opacity: .55; }
.dots.hurts { stroke: var(--hurts); stroke-width: 3; }
@media (max-width: 560px) {
  main { padding: 20px 14px 36px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
  table { font-size: .85rem; }
  th, td { padding-left: 14px; }
  h2 time { display: block; }
}
@media print { figure, section { break-inside: avoid; } }
`
