import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseTzif } from '../schedule/tzif.ts'
import { compileZone, type LabZone, zicHint, zoneSource } from './time-zones.ts'

const [minute, at] = [60_000, Date.parse('2026-11-30T08:05:00Z')]
const zone: LabZone = {
  name: 'Lab/Night',
  offset: -335 * minute,
  changes: [
    { at, offset: -334 * minute },
    { at: at + minute, offset: -335 * minute },
  ],
}

it('writes a zone as zic reads it', () =>
  expect(zoneSource(zone)).toBe(
    `Zone Lab/Night\t-05:35:00\t-\tL00\t2026 Nov 30 08:05:00u
\t-05:34:00\t-\tL11\t2026 Nov 30 08:06:00u
\t-05:35:00\t-\tL22
`,
  ))

it.skipIf(zicHint(process.env) !== undefined)('compiles it into a file of its own folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-zone-'))
  const file = await compileZone(folder, zone)
  expect(file).toBe(join(folder, 'Lab/Night'))
  const { stretch } = parseTzif(readFileSync(file), zone.name)
  const offsets = [at - 1, at, at + minute - 1, at + minute].map((ms) => stretch(ms).offset / minute)
  expect(offsets).toEqual([-335, -334, -334, -335])
  rmSync(folder, { recursive: true })
})

it('says what is missing, and where it comes from', () =>
  expect(zicHint({ PATH: '/nonexistent' }, '/lacks')).toMatch(/^zic, .* neither in PATH nor in .* libc-bin on Debian/))
