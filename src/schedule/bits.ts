/** Place of the lowest set bit of a 32-bit set that is not empty. */
export const lowestBit = (set: number): number => 31 - Math.clz32(set & -set)

/** Place of the highest set bit of a 32-bit set that is not empty. */
export const highestBit = (set: number): number => 31 - Math.clz32(set)

/** The bits of `set` at `place` and above; `place` from 0 to 31. */
export const bitsFrom = (set: number, place: number): number => (set >>> place) << place

/** The bits of `set` below `place`; `place` from 0 to 32. */
export const bitsBelow = (set: number, place: number): number => (place > 31 ? set : set & ((1 << place) - 1))

/** How many bits of a 32-bit set are set: sums of neighbours, in pairs, fours, bytes. */
export function countBits(set: number): number {
  const pairs = set - ((set >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
