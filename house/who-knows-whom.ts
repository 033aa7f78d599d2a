// Who may import whom: the architecture as an allow-list, checked by who-knows-whom.test.ts. An allow-list, since what
// nobody thought of is then refused too. See docs/decisions/.

interface SourceFile {
  /** Relative to src, with slashes. */
  readonly path: string
  readonly text: string
}

interface Allowed {
  readonly folders: readonly string[]
  /** Packages and Node.js modules; `types:` marks those of which only types may be imported. */
  readonly packages: readonly string[]
}

const pure = ['contract', 'schedule', 'objects', 'linux']
const ownFiles = 'own-files.ts'

const hazard: Allowed = { folders: pure, packages: ['zod', 'types:kubernetes-types'] }

const allowed: Readonly<Record<string, Allowed>> = {
  contract: { folders: [], packages: ['types:zod'] },
  objects: { folders: ['contract'], packages: ['types:kubernetes-types', 'yaml'] },
  schedule: { folders: ['contract', 'objects'], packages: ['moment-timezone', 'node:module'] },
  linux: { folders: ['contract', 'objects'], packages: [] },
  engine: { folders: ['contract', 'objects'], packages: ['zod'] },
  manifests: { folders: pure, packages: ['yaml', 'js-yaml', 'tinyglobby', 'node:'] },
  kubernetes: {
    folders: pure,
    packages: ['undici', '@kubernetes/client-node', 'yaml', 'types:kubernetes-types', 'node:'],
  },
  node: { folders: pure, packages: ['node:'] },
  runtimes: {
    folders: ['contract', 'linux', ownFiles],
    packages: ['undici', '@grpc/grpc-js', '@grpc/proto-loader', 'node:'],
  },
  acting: {
    folders: [...pure, 'engine', 'kubernetes'],
    packages: ['prom-client', 'yaml', 'types:kubernetes-types', 'node:'],
  },
  agent: {
    folders: [...pure, 'engine', 'node', 'runtimes', 'kubernetes', 'acting'],
    packages: ['prom-client', 'types:kubernetes-types', 'node:'],
  },
  controller: {
    folders: [...pure, 'engine', 'kubernetes', 'acting', 'zoned-cronjob'],
    packages: ['prom-client', 'types:kubernetes-types', 'node:'],
  },
  'zoned-cronjob': {
    folders: ['contract', 'schedule', 'objects'],
    packages: ['types:kubernetes-types', 'node:crypto'],
  },
  admission: {
    folders: ['contract', 'engine', 'objects', 'kubernetes'],
    packages: ['prom-client', '@peculiar/x509', 'reflect-metadata', 'types:kubernetes-types', 'node:'],
  },
  actor: { folders: [...pure, 'node', 'runtimes'], packages: ['zod', 'node:'] },
  lab: {
    folders: [...pure, 'kubernetes', 'node', 'home.ts', ownFiles],
    packages: ['undici', 'types:kubernetes-types', 'node:'],
  },
  rollout: { folders: ['contract', 'objects', ownFiles], packages: ['types:kubernetes-types', 'node:', 'tsx/esm/api'] },
  report: {
    folders: ['contract', 'engine', 'objects'],
    packages: ['zod', 'picocolors', 'yaml', 'diff', 'types:sarif', 'node:crypto'],
  },
  adopt: {
    folders: ['contract', 'engine', 'objects', 'report'],
    packages: ['zod', 'picomatch', 'fastest-levenshtein'],
  },
  commands: {
    folders: [
      ...pure,
      ...[
        'adopt',
        'engine',
        'manifests',
        'kubernetes',
        'node',
        'runtimes',
        'acting',
        'agent',
        'actor',
        'controller',
        'admission',
        'zoned-cronjob',
        'report',
        'rollout',
        'hazards',
        ownFiles,
      ],
    ],
    packages: ['commander', 'picocolors', 'ora', 'pino', 'yaml', 'zod', 'types:kubernetes-types', 'node:'],
  },
  'home.ts': { folders: [], packages: ['node:os'] },
  [ownFiles]: { folders: ['home.ts'], packages: ['node:'] },
  'main.ts': { folders: ['commands', 'home.ts'], packages: ['commander', 'node:'] },
}

const imports =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"()]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g

/** Every import that the allow-list does not hold, one line each; empty if all is well. */
export function forbiddenImports(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(imports)].flatMap((match) => {
      const target = match[2] ?? match[3] ?? ''
      const violation = violationOf(path, target, match[1] !== undefined)
      return violation ? [`${path} imports ${target}: ${violation}`] : []
    }),
  )
}

function violationOf(path: string, target: string, typesOnly: boolean): string | undefined {
  const rules = rulesFor(path)
  if (!rules) return `${path.split('/')[0]} is not in the allow-list`
  if (!target.startsWith('.')) {
    const holds = rules.packages.some((one) => {
      const name = one.replace(/^types:/, '')
      const same = target === name || target.startsWith(name.endsWith(':') ? name : `${name}/`)
      return same && (typesOnly || !one.startsWith('types:'))
    })
    return holds ? undefined : `${folderOf(path)} may not use ${target}`
  }
  const to = resolve(path, target)
  if (to === undefined) return 'it leaves src'
  if (unitOf(to) === unitOf(path)) return undefined
  if (path === 'hazards/index.ts')
    return to.endsWith('/hazard.ts') ? undefined : 'the catalogue knows only hazard.ts files'
  const folder = folderOf(to)
  if (folder === 'hazards' && to !== 'hazards/index.ts') return `only the catalogue knows ${unitOf(to)}`
  return rules.folders.includes(folder) ? undefined : `${unitOf(path)} may not know ${folder}`
}

/** A hazard's drill, and what is apart from it for its length (drill-*.ts), may also stand on the lab and send loads; no other file of it. */
function rulesFor(path: string): Allowed | undefined {
  if (path === 'hazards/index.ts') return hazard
  if (!path.startsWith('hazards/')) return allowed[folderOf(path)]
  const isDrill = /^hazards\/[^/]+\/drill(-[a-z-]+)?\.ts$/.test(path)
  return isDrill ? { ...hazard, folders: [...hazard.folders, 'lab', 'rollout'] } : hazard
}

const folderOf = (path: string): string => path.split('/')[0] ?? path

/** What may import itself freely: a folder of src, or one hazard. */
function unitOf(path: string): string {
  const [folder, second] = path.split('/')
  return folder === 'hazards' && path.split('/').length > 2 ? `hazards/${second}` : (folder ?? path)
}

function resolve(from: string, target: string): string | undefined {
  const parts = from.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..' && parts.pop() === undefined) return undefined
    if (part !== '.' && part !== '..') parts.push(part)
  }
  return parts.join('/')
}

/** Files outside a hazard's folder and the catalogue that name its id: shared machinery knows no hazard. */
export function strayIds(files: readonly SourceFile[], ids: readonly string[]): string[] {
  return files.flatMap(({ path, text }) =>
    ids
      .filter((id) => !path.startsWith(`hazards/${id}/`) && path !== 'hazards/index.ts' && text.includes(id))
      .map((id) => `${path}: ${id}`),
  )
}
