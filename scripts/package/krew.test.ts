import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { krewManifest } from './krew.ts'

const notEmpty = z.string().min(1)

/** What krew 0.4 asks of a manifest before it installs (internal/index/validation), in our words. */
const plugin = z.strictObject({
  apiVersion: z.literal('krew.googlecontainertools.github.com/v1alpha2'),
  kind: z.literal('Plugin'),
  metadata: z.strictObject({ name: z.literal('roadcrew') }),
  spec: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+$/),
    shortDescription: notEmpty.max(50).regex(/^[^\r\n]+$/),
    description: notEmpty,
    caveats: notEmpty,
    platforms: z
      .array(
        z.strictObject({
          selector: z.strictObject({ matchLabels: z.strictObject({ os: notEmpty, arch: notEmpty }) }),
          uri: z.url({ protocol: /^https$/ }),
          sha256: z.string().regex(/^[a-f0-9]{64}$/),
          bin: notEmpty,
          files: z.array(z.strictObject({ from: notEmpty, to: notEmpty })).min(1),
        }),
      )
      .min(1),
  }),
})

const release = {
  version: '1.2.3',
  description: 'Finds failures',
  url: 'https://example.com/roadcrew-linux-x64.tar.gz',
  sha256: 'a'.repeat(64),
}

describe('the manifest for krew', () => {
  it('is one that krew takes', () => {
    const { spec } = plugin.parse(krewManifest(release))
    expect(spec.version).toBe('v1.2.3')
    expect(spec.platforms.map(({ uri, sha256 }) => [uri, sha256])).toEqual([[release.url, release.sha256]])
    expect(spec.platforms.map(({ files, bin }) => files.some(({ from }) => from === bin))).toEqual([true])
  })

  it.each(['nowhere', 'http://example.com/a.tar.gz', ''])(
    'is not made for %j, where nothing can be downloaded',
    (url) => {
      expect(() => krewManifest({ ...release, url })).toThrow(/--download-url.*https/)
    },
  )
})
