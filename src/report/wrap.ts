/** Wider lines are hard to read, also where the terminal is wider. */
export const mostColumns = 120

/** Breaks a text at blanks; a word that is longer than the width (a path, a command's argument) stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
