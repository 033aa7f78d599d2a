import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../src/lab/lab.ts'

const main = join(import.meta.dirname, '../dist/main.js')

/** Roadcrew's controller, as a process of its own. */
export class ZonedController {
  readonly #child: ChildProcess
  readonly #address: string

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.#address = address
  }

  static async #start(lab: Lab): Promise<ZonedController> {
    const args = ['controller', '--kubeconfig', lab.kubeconfig, '--no-leader-election', '--listen', '127.0.0.1:0']
    const child = spawn(
      process.execPath,
      [...(process.env.ROADCREW_BENCH_NODE?.split(' ') ?? []), main, ...args, '--zoned-cron-jobs'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error('the controller ended before it listened')))
      child.stdout.on('data', (part: Buffer) => {
        const found = /"listens":"([^"]+)"/.exec(part.toString())?.[1]
        if (found) resolve(found)
      })
    })
    return new ZonedController(child, address)
  }

  /** It ends with the work, whatever becomes of that. */
  static async during<T>(lab: Lab, work: (controller: ZonedController) => Promise<T>): Promise<T> {
    const controller = await ZonedController.#start(lab)
    try {
      return await work(controller)
    } finally {
      await controller.#stop()
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://${this.#address}/metrics`)).text()
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? Number.NaN,
    )
  }

  /** Until so many have a next run, and nothing is due. */
  async untilPlanned(count: number): Promise<void> {
    while (
      (await this.metric('roadcrew_zonedcronjob_planned')) < count ||
      (await this.metric('roadcrew_zonedcronjob_overdue')) > 0
    )
      await sleep(100)
  }

  async #stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    await gone
  }
}
