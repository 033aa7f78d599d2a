import { expect, it } from 'vitest'
import { pairTells } from './probe-pair.ts'

it.each([
  ['translation', { lost: 20, atLeast: 66 }, { atMost: 15 }],
  // Both lose: a server that cannot take so many connects at once does that.
  ['not-apart', { lost: 629, atLeast: 5000 }, { atMost: 5100 }],
  ['not-apart', { lost: 1, atLeast: 0 }, { atMost: 6 }],
  ['nothing', { lost: 0, atLeast: 0 }, { atMost: 6 }],
] as const)('a pair tells of %s', (tells, same, apart) => expect(pairTells(same, apart)).toBe(tells))
