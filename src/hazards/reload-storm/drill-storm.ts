// One nginx that is reloaded again and again while requests stay open, as behind WebSockets; and what of it the kernel shows.
import type { Act, Stage } from '../../contract/drill.ts'
import type { Finding } from '../../contract/hazard.ts'
import type { TimedValue } from '../../contract/plot.ts'
import { heldRequests } from '../../lab/held-request.ts'
import { type Nginx, type NginxSettings, type Served, startNginx } from '../../lab/nginx.ts'
import { type NginxWorkers, workersOf } from '../../lab/nginx-workers.ts'
import { pause } from '../../lab/pause.ts'
import { stopwatch } from '../../lab/stopwatch.ts'

/** A reload of the drill stands for one of a cluster after so many times as long. */
export const timesFaster = 120
/** A change of the configuration comes so often: each 24 s in a cluster, 150 per hour. */
export const changeEveryMs = 200
const stormMs = 8_000

export interface Storm {
  readonly name: string
  /** What was found of it while it went on. */
  readonly found: readonly Finding[]
  readonly reloads: number
  /** s from its start, and what was counted then. */
  readonly old: readonly TimedValue[]
  readonly mebibytes: readonly TimedValue[]
  readonly most: number
  /** How many requests the limit of old workers cut off. */
  readonly cut: number
}

/** An nginx with requests through it, which a program behind it does not answer. */
export class StormyNginx {
  /** Since its start. */
  reloads = 0
  readonly #served: readonly Served[]
  readonly #nginx: Nginx
  readonly #held: ReturnType<typeof heldRequests>

  private constructor(nginx: Nginx, served: readonly Served[], port: number) {
    this.#nginx = nginx
    this.#served = served
    this.#held = heldRequests(port, '/slow')
  }

  /** `port`: where it listens; `behind`: where the application does. */
  static async start(folder: string, port: number, behind: number, signal: AbortSignal): Promise<StormyNginx> {
    const served: readonly Served[] = [{ port, by: [behind], retries: false }]
    return new StormyNginx(await startNginx(`${folder}/nginx`, served, signal), served, port)
  }

  get workers(): NginxWorkers {
    return workersOf(this.#nginx.program.pid)
  }

  /**
   * Changes come and are taken by a reload each, or many at once; requests come with each change and stay. It goes on until `look`, begun
   * when the storm has gone on for long enough, has seen it.
   */
  async storm(
    stage: Stage,
    { name, reloadEveryMs, ...settings }: { name: string; reloadEveryMs: number } & NginxSettings,
    look: () => Promise<readonly Finding[]>,
  ): Promise<Storm> {
    const { reloads: before } = this
    const cutBefore = this.#held.cut
    const old: TimedValue[] = []
    const mebibytes: TimedValue[] = []
    const sinceMs = stopwatch()
    let looking: Promise<readonly Finding[]> | undefined
    let looked: readonly Finding[] | undefined
    while (looked === undefined) {
      if (looking === undefined && sinceMs() > stormMs) {
        looking = look()
        // Its error is thrown where it is waited for.
        const end = (found: readonly Finding[] = []): void => {
          looked = found
        }
        looking.then(end, () => end())
      }
      this.#held.add()
      await pause(changeEveryMs - (sinceMs() % changeEveryMs), stage.signal)
      if (Math.floor(sinceMs() / reloadEveryMs) > this.reloads - before) this.reload(settings)
      const { old: count, bytes } = this.workers
      old.push([sinceMs() / 1000, count])
      mebibytes.push([sinceMs() / 1000, Math.round(bytes / 2 ** 20)])
      stage.progress(picture(name, this.reloads - before, old))
    }
    const most = Math.max(...old.map(([, count]) => count))
    const found = (await looking) ?? []
    return { name, found, reloads: this.reloads - before, old, mebibytes, most, cut: this.#held.cut - cutBefore }
  }

  reload(settings: NginxSettings = {}): void {
    this.#nginx.reload(this.#served, settings)
    this.reloads++
  }

  /** The clients go; returns when the workers that they kept have ended. @throws Error if one stays. */
  async letGo(stage: Stage): Promise<void> {
    this.#held.close()
    for (let tries = 0; this.workers.old > 0; tries++) {
      if (tries > 100) throw new Error(`${this.workers.old} old workers stay without a request`)
      await pause(100, stage.signal)
    }
  }

  async end(): Promise<void> {
    this.#held.close()
    await this.#nginx.program.end()
  }
}

const picture = (name: string, reloads: number, old: readonly TimedValue[]): Act => ({
  act: name,
  figures: { reloads, 'old workers': old.at(-1)?.[1] ?? 0 },
})
