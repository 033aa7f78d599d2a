// Names and messages of a cluster are written by others: what no format can hold (XML 1.0 allows the least) is replaced.

/** Controls but tab and line ends, halves of surrogate pairs that stand alone, and what Unicode says is no character. */
const unprintable = /(?![\t\n\r\u0085])\p{Cc}|\p{Surrogate}|\p{Noncharacter_Code_Point}/gu

/** The same text with U+FFFD in place of each character that XML 1.0 or YAML 1.2 can not hold. */
export const printable = (text: string): string => text.replace(unprintable, '\ufffd')

/** As `printable`, on one line. */
export const onOneLine = (text: string): string => printable(text).replace(/\s+/gu, ' ').trim()
