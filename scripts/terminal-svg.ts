// A picture of what a terminal shows, in the colours of the reader's theme.

/** What picocolors writes that is used here: SGR codes, and what they add to or take from the style of the text. */
const styles: Readonly<Record<string, string | undefined>> = {
  '1': 'bold',
  '2': 'dim',
  '31': 'red',
  '32': 'green',
  '33': 'yellow',
  '34': 'blue',
  '35': 'magenta',
  '36': 'cyan',
  '90': 'dim',
}
const ends: Readonly<Record<string, readonly string[]>> = {
  '0': ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan'],
  '22': ['bold', 'dim'],
  '39': ['red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'dim'],
}

const [charWidth, lineHeight, margin] = [7.83, 18, 16]

const css = `text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; white-space: pre }
.page { fill: #ffffff; stroke: #d1d9e0 }
.bold { font-weight: 600 } .dim { fill: #656d76 } .red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #9a6700 }
.blue { fill: #0969da } .magenta { fill: #8250df } .cyan { fill: #1b7c83 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .page { fill: #0d1117; stroke: #30363d }
  .dim { fill: #8b949e } .red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 }
  .blue { fill: #58a6ff } .magenta { fill: #bc8cff } .cyan { fill: #39c5cf }
}`

/**
 * @param text with SGR codes. @param title what the picture shows, for who can't see it.
 * @returns an SVG. @throws Error for a code that is not known here, which would be lost in silence.
 */
export function terminalSvg(text: string, title: string): string {
  const lines = text.trimEnd().split('\n')
  const style = new Set<string>()
  const drawn = lines.map((line, place) => {
    const y = margin + (place + 0.75) * lineHeight
    return `<text x="${margin}" y="${y}" xml:space="preserve">${spans(line, style)}</text>`
  })
  const columns = Math.max(...lines.map((line) => [...line.replace(sgr, '')].length))
  const [width, height] = [Math.ceil(columns * charWidth + 2 * margin), lines.length * lineHeight + 2 * margin]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${css}</style>
<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
${drawn.join('\n')}
</svg>
`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const sgr = /\x1b\[(\d+)m/g

/** @param style what holds at the line's begin; after it, what holds at its end. */
function spans(line: string, style: Set<string>): string {
  return line
    .split(sgr)
    .map((part, place) => {
      if (place % 2 === 1) {
        change(style, part)
        return ''
      }
      if (part === '') return ''
      return style.size === 0 ? escaped(part) : `<tspan class="${[...style].join(' ')}">${escaped(part)}</tspan>`
    })
    .join('')
}

function change(style: Set<string>, code: string): void {
  const added = styles[code]
  if (added === undefined && ends[code] === undefined)
    throw new Error(`SGR code ${code} is not known to terminal-svg.ts`)
  for (const one of ends[code] ?? []) style.delete(one)
  if (added !== undefined) style.add(added)
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
