import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { expectIntegrity } from './node-binary.ts'

it('takes no other Node.js than the one that is pinned', () => {
  const packed = Buffer.from('a package')
  const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`
  expect(() => expectIntegrity(packed, 'node', integrity)).not.toThrow()
  expect(() => expectIntegrity(Buffer.from('another'), 'node', integrity)).toThrow(
    'node is another package than expected',
  )
})
