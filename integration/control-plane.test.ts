import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const running = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe.skipIf(controlPlaneOrSkip())('the lab', () => {
  let lab: Lab | undefined
  afterEach(() => lab?.stop())

  it('serves what 1.20 serves, and stops without a trace', async () => {
    const started = await startLab(new AbortController().signal)
    lab = started
    expect(lab.version).toBe('v1.20.2')
    const kinds = async (path: string): Promise<readonly string[]> => {
      const { resources } = (await started.send('GET', path)) as { resources: readonly { kind: string }[] }
      return resources.map(({ kind }) => kind)
    }
    expect(await kinds('/apis/batch/v1beta1')).toContain('CronJob')
    expect(await kinds('/apis/batch/v1')).not.toContain('CronJob')
    const { pids, kubeconfig } = started
    expect(pids.map(running)).toEqual([true, true, true])
    await lab.stop()
    expect(pids.map(running)).toEqual([false, false, false])
    expect(existsSync(dirname(kubeconfig))).toBe(false)
  })

  it('gives up at once when it is aborted, and leaves nothing', async () => {
    const abort = new AbortController()
    const starting = startLab(abort.signal)
    setTimeout(() => abort.abort(), 300)
    await expect(starting).rejects.toThrow()
  })
})
