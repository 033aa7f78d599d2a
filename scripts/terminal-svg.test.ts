import { describe, expect, it } from 'vitest'
import { terminalSvg } from './terminal-svg.ts'

const esc = '\u001b['

describe('the picture of a terminal', () => {
  it('has each line, in its style, with nothing that is markup', () => {
    const svg = terminalSvg(
      `${esc}1mBROKEN <now>${esc}22m & here\n${esc}31m${esc}1mred\nstill${esc}22m${esc}39m plain\n`,
      'a scan',
    )
    expect(svg).toContain('<tspan class="bold">BROKEN &lt;now&gt;</tspan> &amp; here')
    expect(svg).toContain('<tspan class="red bold">red</tspan>')
    expect(svg).toContain('<tspan class="red bold">still</tspan> plain')
    expect(svg).toContain('<title>a scan</title>')
    expect(svg.match(/<text/g)).toHaveLength(3)
    expect(svg).toContain('prefers-color-scheme: dark')
  })

  it('refuses a code that it would lose', () => expect(() => terminalSvg(`${esc}4mx`, '')).toThrow('SGR code 4'))
})
