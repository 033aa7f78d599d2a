import { describe, expect, it } from 'vitest'
import { packageFolders } from './bundled-packages.ts'
import { licencesText } from './licences.ts'

const one = { name: 'one', version: '1.0.0', license: 'ISC', texts: ['ISC License\n\nCopyright One'] }
const node = { version: '24.0.0', text: 'Node.js is licensed for use as follows\n' }

describe('THIRD-PARTY-LICENSES', () => {
  it('holds the text of each package, and of Node.js', () => {
    const text = licencesText([one], node)
    for (const part of ['one 1.0.0 (ISC)', 'Copyright One', 'Node.js 24.0.0', 'Node.js is licensed'])
      expect(text).toContain(part)
  })

  it('has the terms and the author of a package under MIT that has no text', () => {
    const text = licencesText([{ ...one, license: 'MIT', texts: [], author: 'Two <two@example.com>' }], node)
    expect(text).toContain('its author Two <two@example.com>')
    expect(text).toContain('Permission is hereby granted')
  })

  it('is not made where a text is missing that has to be found first', () => {
    expect(() => licencesText([{ ...one, texts: [] }], node)).toThrow('one has no text of its licence, ISC')
  })
})

describe('packages of the bundle', () => {
  it('are the innermost folders, once each, and none of our own files', () => {
    const inputs = [
      'src/main.ts',
      'node_modules/undici/index.js',
      'node_modules/undici/lib/a.js',
      'node_modules/@grpc/grpc-js/build/src/index.js',
      'node_modules/fdir/node_modules/picomatch/lib/a.js',
    ]
    expect(packageFolders(inputs)).toEqual([
      'node_modules/@grpc/grpc-js',
      'node_modules/fdir/node_modules/picomatch',
      'node_modules/undici',
    ])
  })
})
