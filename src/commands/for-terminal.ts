// Names, annotations and messages of a cluster are written by others, and what a terminal takes for a command is not to be theirs:
// it could rename the window, write to the clipboard or hide the lines above.

/** What our own output has: the colours that picocolors gives, and the start of a line that is drawn again. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const own = /\u001b\[(?:0|1|2|3|4|22|23|24|3[0-79]|4[0-79]|9[0-7])m|\r(?:\u001b\[K)?/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** The same text with control characters as pictures (`␛`), but for line ends, tabs and colours. @param text a whole piece of output. */
export function forTerminal(text: string): string {
  let safe = ''
  let from = 0
  for (const { 0: kept, index } of text.matchAll(own)) {
    safe += pictured(text.slice(from, index)) + kept
    from = index + kept.length
  }
  return safe + pictured(text.slice(from))
}

const pictured = (text: string): string => text.replace(control, pictureOf)

/** Unicode has pictures of the C0 controls and of DEL; C1 has none. */
const pictureOf = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : '�'
}
