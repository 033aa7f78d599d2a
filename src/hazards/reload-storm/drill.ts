import type { Act, Drill, Stage } from '../../contract/drill.ts'
import type { Finding, Json } from '../../contract/hazard.ts'
import type { Plot } from '../../contract/plot.ts'
import { startApplication } from '../../lab/application.ts'
import { freePorts } from '../../lab/daemon.ts'
import { type Lab, startLab } from '../../lab/lab.ts'
import { makeLabFolder } from '../../lab/lab-folder.ts'
import { nginxHint } from '../../lab/nginx.ts'
import { serveText } from '../../lab/text-server.ts'
import { deployController, findingsIn, placeOf, timeoutIn } from './drill-cluster.ts'
import { changeEveryMs, type Storm, StormyNginx, timesFaster } from './drill-storm.ts'
import { secondsOf } from './durations.ts'

/** Longer than the drill: as WebSockets are. */
const pace = { quickMs: 0, slowMs: 600_000 }
/** So many changes are taken by one reload, where they are gathered. */
const gathered = 13

/** Reloads a real nginx while requests stay open: without a limit for old workers, with the advised one, and with changes gathered. */
export const drill: Drill = async function* (stage) {
  const hint = nginxHint(process.env)
  if (hint !== undefined) throw new Error(hint)
  const lab = await startLab(stage.signal)
  stage.later(() => lab.stop())
  const folder = makeLabFolder()
  stage.later(() => Promise.resolve(folder.remove()))
  const application = await startApplication(pace, stage.signal)
  stage.later(() => application.program.end())
  const [port = 0] = await freePorts(1)
  const nginx = await StormyNginx.start(folder.path, port, application.port, stage.signal)
  stage.later(() => nginx.end())
  const server = await serveText('/metrics', () => metricsOf(nginx))
  stage.later(() => server.close())
  await deployController(lab, server, Date.now())
  yield {
    act: 'a control plane of its own is up, and an nginx that stands for the one of a controller',
    figures: {
      version: lab.version,
      'time goes faster here (times)': timesFaster,
      'a change each (s)': changeEveryMs / 1000,
    },
  }
  yield* pilingUp(stage, lab, nginx)
}

async function* pilingUp(stage: Stage, lab: Lab, nginx: StormyNginx): AsyncIterable<Act> {
  const look = (): Promise<readonly Finding[]> => findingsIn(stage, lab)
  const endless = await nginx.storm(
    stage,
    { name: 'a reload for each change, no limit', reloadEveryMs: changeEveryMs },
    look,
  )
  yield actOf(endless)
  expectPile(endless)
  yield { act: 'looked meanwhile, by the metrics of its Pod through the API server', figures: factsOf(endless.found) }

  const cured = await stage.cure(placeOf(lab))
  const [step] = cured
  if (!step || step.held !== undefined) throw new Error(`the cure was held: ${step?.held ?? 'there was none'}`)
  const advised = await timeoutIn(lab)
  const seconds = (secondsOf(advised) ?? 0) / timesFaster
  const workerShutdownTimeout = `${seconds * 1000}ms`
  nginx.reload({ workerShutdownTimeout })
  yield {
    act: 'cured: the ConfigMap limits how long old workers live; those that are there already know nothing of it',
    figures: { 'worker-shutdown-timeout': advised, 'here (s)': seconds, 'old workers': nginx.workers.old },
  }
  await nginx.letGo(stage)

  const limit = { workerShutdownTimeout }
  const each = { name: 'a reload for each change, with the limit', reloadEveryMs: changeEveryMs }
  const limited = await nginx.storm(stage, { ...each, ...limit }, look)
  yield actOf(limited)
  expectPile(limited)
  yield { act: 'looked: no more than the limit lets be there, and still too many', figures: factsOf(limited.found) }
  await nginx.letGo(stage)

  const many = { name: `a reload for ${gathered} changes, with the limit`, reloadEveryMs: gathered * changeEveryMs }
  const few = await nginx.storm(stage, { ...many, ...limit }, look)
  yield actOf(few)
  if (few.found.length > 0) throw new Error(`still found: ${JSON.stringify(factsOf(few.found))}`)
  expectLess([endless, limited, few])
  yield sideBySide([endless, limited, few])
}

function expectPile({ name, found }: Storm): void {
  if (!found.some(({ reason }) => reason === 'old-workers-pile-up'))
    throw new Error(`${name}: expected old-workers-pile-up, found ${JSON.stringify(factsOf(found))}`)
}

/** @throws Error unless each storm leaves fewer old workers than the one before it by far. */
function expectLess(storms: readonly Storm[]): void {
  for (const [place, { name, most }] of storms.entries()) {
    const before = storms[place - 1]
    if (before && most > before.most / 1.5)
      throw new Error(`${name}: ${most} old workers, hardly less than ${before.most} before`)
  }
}

/** What is measured, under the names of nginx/kubernetes-ingress, which counts workers in the same way. */
function metricsOf(nginx: StormyNginx): string {
  const { old, current } = nginx.workers
  const name = 'nginx_ingress_controller_nginx'
  return [
    `# HELP ${name}_reloads_total Number of successful NGINX reloads`,
    `# TYPE ${name}_reloads_total counter`,
    `${name}_reloads_total{class="nginx",reason="endpoints"} ${nginx.reloads}`,
    `${name}_reloads_total{class="nginx",reason="other"} 0`,
    `# HELP ${name}_worker_processes_total Number of NGINX worker processes`,
    `# TYPE ${name}_worker_processes_total gauge`,
    `${name}_worker_processes_total{class="nginx",generation="current"} ${current}`,
    `${name}_worker_processes_total{class="nginx",generation="old"} ${old}`,
    '',
  ].join('\n')
}

const actOf = ({ name, reloads, old, mebibytes, most, cut }: Storm): Act => ({
  act: name,
  figures: {
    reloads,
    'old workers, at most': most,
    'old workers, at the end': old.at(-1)?.[1] ?? 0,
    'memory at the end (MiB)': mebibytes.at(-1)?.[1] ?? 0,
    'requests cut off by the limit': cut,
  },
})

function sideBySide(storms: readonly Storm[]): Act {
  const row = (name: string, of: (storm: Storm) => Json): [string, ...Json[]] => [name, ...storms.map(of)]
  const plot = (title: string, unit: string, of: (storm: Storm) => Storm['old']): Plot => ({
    ...{ plot: 'course', title, unit },
    groups: storms.map((storm) => ({ name: storm.name, points: of(storm) })),
  })
  return {
    act: 'looked: clear; the three side by side',
    figures: {},
    table: {
      columns: storms.map(({ name }) => name),
      rows: [
        row('reloads', ({ reloads }) => reloads),
        row('old workers, at most', ({ most }) => most),
        row('memory at the end (MiB)', ({ mebibytes }) => mebibytes.at(-1)?.[1] ?? 0),
        row('requests cut off', ({ cut }) => cut),
      ],
    },
    plots: [
      plot('old workers', 'workers', ({ old }) => old),
      plot('memory of nginx', 'MiB', ({ mebibytes }) => mebibytes),
    ],
  }
}

const factsOf = (findings: readonly Finding[]): Record<string, Json> =>
  Object.fromEntries(findings.map(({ reason, fact }) => [reason, fact]))
