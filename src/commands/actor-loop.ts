// What `roadcrew actor` does until it is stopped. Loaded only for it.
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { Actor } from '../actor/act.ts'
import { serveActor } from '../actor/serve.ts'
import { stepText } from '../engine/act.ts'
import { daemonAge, daemonPrograms } from '../node/daemon-age.ts'
import { nodeHands } from '../node/hands.ts'
import { waitOf } from '../node/wait.ts'
import type { ActorOptions } from './actor.ts'
import { restartOf, runtimeFor } from './agent-runtime.ts'
import type { Io } from './io.ts'
import { toolVersion } from './tool-version.ts'

/** How long the runtime may take before a step (ms). */
const limitMs = 5000

/** @throws UsageError if there is no runtime that can be asked; Error if its socket can't be made. */
export async function actorLoop(options: ActorOptions, io: Io): Promise<void> {
  const { listen, hostRoot, mode, pauseFile, evidence, perHour, protect } = options
  const runtime = await runtimeFor(options)
  const roots = { proc: join(hostRoot, 'proc'), cgroup: join(hostRoot, 'sys/fs/cgroup') }
  const log = pino({ base: {}, timestamp: pino.stdTimeFunctions.isoTime }, { write: io.out })
  const { POD_NAMESPACE, POD_NAME } = io.env
  const actor = new Actor({
    runtime,
    hands: nodeHands({
      ...roots,
      evidence,
      signalled: (sent) => log.warn(sent, 'signal'),
    }),
    protection: {
      mode,
      perHour,
      protectedNamespaces: protect,
      ...(POD_NAMESPACE && POD_NAME && { self: `${POD_NAMESPACE}/${POD_NAME}` }),
    },
    pauseFile,
    evidence,
    now: io.now,
    limitMs,
  })
  mkdirSync(dirname(listen), { recursive: true })
  const restart = await restartOf(runtime, hostRoot)
  const server = await serveActor(listen, {
    runtime,
    actor,
    ...(restart && { restart }),
    daemonAge: () => daemonAge(roots.proc, runtime.socket, daemonPrograms[runtime.name]),
    waitOf: (pid) => waitOf(roots.proc, pid),
    told: ({ step, outcome }) => log.warn({ step: stepText(step), why: step.why, outcome }, 'step'),
  })
  log.info(
    { version: toolVersion, runtime: runtime.name, socket: runtime.socket, listens: listen, mode, perHour, protect },
    'started',
  )
  if (!io.signal.aborted) await once(io.signal, 'abort')
  log.info('stopping')
  await server.close()
  await runtime.close()
}
