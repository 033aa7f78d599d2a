import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { forbiddenImports, strayIds } from './who-knows-whom.ts'

const src = join(import.meta.dirname, '../src')

const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }))

describe('who knows whom', () => {
  it('holds for every file', () => expect(forbiddenImports(sources)).toEqual([]))

  it.each([
    ['hazards/a/cluster.ts', "import { connect } from '../../kubernetes/client.ts'", 'kubernetes'],
    ['hazards/a/cluster.ts', "import { b } from '../b/hazard.ts'", 'hazards/b'],
    ['hazards/a/cluster.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['hazards/a/cluster.ts', "import { startControlPlane } from '../../lab/control-plane.ts'", 'lab'],
    ['hazards/a/drilling.ts', "import { startLoad } from '../../rollout/load.ts'", 'rollout'],
    ['engine/look.ts', "import { hazards } from '../hazards/index.ts'", 'hazards'],
    ['contract/hazard.ts', "import { timeOf } from '../objects/time.ts'", 'objects'],
    ['kubernetes/world.ts', "import { look } from '../engine/look.ts'", 'engine'],
    ['report/build.ts', "export { scan } from '../commands/scan.ts'", 'commands'],
    ['schedule/runs.ts', "const zones = await import('../node/time-zones.ts')", 'node'],
    ['schedule/runs.ts', "import { readFileSync } from 'fs'", 'fs'],
    ['elsewhere/x.ts', "import '../contract/hazard.ts'", 'elsewhere'],
  ])('%s may not: %s', (path, text, named) => {
    const [violation, ...more] = forbiddenImports([{ path, text }])
    expect(violation).toContain(path)
    expect(violation).toContain(named)
    expect(more).toEqual([])
  })

  it.each([
    ['hazards/a/drill.ts', "import { startControlPlane } from '../../lab/control-plane.ts'"],
    ['hazards/a/drill-tally.ts', "import { summaryOf } from '../../rollout/summary.ts'"],
    ['hazards/a/cluster.ts', "import { parseSchedule } from '../../schedule/parse.ts'"],
    ['hazards/a/cluster.ts', "import { held } from './blocked-by-job.ts'"],
    ['commands/scan.ts', "import { hazards } from '../hazards/index.ts'"],
  ])('%s may: %s', (path, text) => expect(forbiddenImports([{ path, text }])).toEqual([]))
})

describe("a hazard's id", () => {
  const ids = readdirSync(join(src, 'hazards'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

  it('stands only in its folder and the catalogue', () => {
    expect(ids.length).toBeGreaterThan(0)
    expect(strayIds(sources, ids)).toEqual([])
  })

  it('is named where it stands elsewhere', () => {
    const stray = { path: 'engine/look.ts', text: "if (hazard.id === 'frozen-cronjob') return" }
    expect(strayIds([stray], ['frozen-cronjob'])).toEqual(['engine/look.ts: frozen-cronjob'])
  })
})

describe('the pure folders', () => {
  it('take time, chance and the environment as arguments', () => {
    const impure = sources
      .filter(
        ({ path }) =>
          /^(contract|hazards|schedule|objects|linux|engine|adopt)\//.test(path) && !path.endsWith('/drill.ts'),
      )
      .filter(({ text }) =>
        /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.(?:argv|cwd|env|exit|getuid|hrtime|kill|memoryUsage|nextTick|on|platform|std|uptime|version)|\bperformance\./.test(
          text,
        ),
      )
    expect(impure.map(({ path }) => relative(dirname(src), join(src, path)))).toEqual([])
  })
})
