import { describe, expect, it } from 'vitest'
import { forTerminal } from './for-terminal.ts'

describe('what a terminal gets', () => {
  it.each([
    ['a title', 'job \u001b]0;owned\u0007 x', 'job ␛]0;owned␇ x'],
    ['a clipboard', '\u001b]52;c;cm0=\u001b\\', '␛]52;c;cm0=␛\\'],
    ['cursor moves', 'a\u001b[2A\u001b[2Jb\u009b5mc', 'a␛[2A␛[2Jb�5mc'],
    ['hidden text', '\u001b[8mx', '␛[8mx'],
    ['deletions', 'ab\b\bc\u007f', 'ab␈␈c␡'],
  ])('of others has no commands in it: %s', (_, text, expected) => expect(forTerminal(text)).toBe(expected))

  it.each([
    ['colours', '\u001b[1m\u001b[31mred\u001b[39m\u001b[22m'],
    ['lines and tabs', 'a\tb\nü – 漢\n'],
    ['a line that is drawn again', '\r\u001b[K12 connects'],
  ])('of our own stays: %s', (_, text) => expect(forTerminal(text)).toBe(text))
})
