import { describe, expect, it } from 'vitest'
import { durationSeconds, waitOf } from './pre-stop.ts'

const exec = (...command: string[]) => waitOf({ exec: { command } }, undefined)

describe('how long a hook waits', () => {
  it.each([
    [['sleep', '35'], 35],
    [['/bin/sleep', '20'], 20],
    [['sleep', '1m', '5'], 65],
    [['sleep', '0.5'], 0.5],
    [['sh', '-c', 'sleep 30'], 30],
    [['/bin/bash', '-ec', 'exec sleep 10'], 10],
    [['sh', '-c', 'echo bye > /dev/null; sleep 5 && nginx -s quit'], 5],
    [['sh', '-c', 'sleep 5; kill -QUIT $(pidof nginx); sleep 10'], 15],
    [['busybox', 'sleep', '7'], 7],
    [['/usr/bin/gateway', 'sleep', '--duration=40s'], 40],
  ])('%j: %d s', (command, seconds) => expect(exec(...command)).toMatchObject({ is: 'known', seconds }))

  it.each([
    [['/shutdown.sh']],
    [['sh', '-c', 'for i in 1 2 3; do sleep 5; done']],
    [['sh', '-c', 'sleep $DELAY']],
    [['sh', '-c', 'sleep 60 &']],
    [['sh', '/drain.sh']],
    [['sleep', 'infinity']],
    [['sleep']],
  ])('%j: nobody can tell', (command) => expect(exec(...command).is).toBe('unknown'))

  it('is at least the sleep where other commands come on top', () => {
    expect(exec('sh', '-c', '/drain.sh; sleep 10')).toMatchObject({ seconds: 10, atLeast: true })
    expect(exec('sh', '-c', 'nginx -s quit; sleep 10')).not.toHaveProperty('atLeast')
  })

  it('reads the sleep handler as the API server of a release does', () => {
    const hook = { sleep: { seconds: 10 } }
    expect(waitOf(hook, { major: 1, minor: 30 })).toEqual({ is: 'known', seconds: 10 })
    expect(waitOf(hook, undefined)).toEqual({ is: 'known', seconds: 10 })
    expect(waitOf(hook, { major: 1, minor: 29 })).toEqual({ is: 'not-kept', seconds: 10 })
  })

  it('takes no hook, and one that the kubelet can not run, for none', () => {
    expect(waitOf(undefined, undefined)).toEqual({ is: 'none' })
    expect(waitOf({ tcpSocket: { port: 80 } }, undefined)).toEqual({ is: 'none' })
  })
})

it.each([
  ['5', 5],
  ['250ms', 0.25],
  ['2h', 7200],
  ['5 s', undefined],
  ['', undefined],
  ['$X', undefined],
])('the duration %j is %s s', (text, seconds) => expect(durationSeconds(text)).toBe(seconds))
