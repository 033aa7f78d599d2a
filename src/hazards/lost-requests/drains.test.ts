import { describe, expect, it } from 'vitest'
import { balancerDrain, ownDrain, ownWait, targetsPods } from './drains.ts'

const env = (name: string, value: string) => ({ name: 'app', env: [{ name, value }] })

describe('what an application needs to end', () => {
  it.each([
    [env('GRACEFUL_SHUTDOWN_TIMEOUT', '25s'), 25],
    [env('SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE', '30s'), 30],
    [env('SHUTDOWN_TIMEOUT_MS', '500'), 0.5],
    [env('SHUTDOWN_TIMEOUT', '30000'), 30],
    [env('SHUTDOWN_TIMEOUT', '20'), 20],
    [{ name: 'app', command: ['gunicorn', '--graceful-timeout', '45', 'shop:app'] }, 45],
    [{ name: 'app', args: ['--drain-timeout=2m'] }, 120],
    [env('SHUTDOWN_TIMEOUT', 'off'), undefined],
    [env('DATABASE_TIMEOUT', '25s'), undefined],
    [{ name: 'app' }, undefined],
  ])('%j: %s s', (container, seconds) => expect(ownDrain(container)?.seconds).toBe(seconds))
})

describe('whether an application waits by itself', () => {
  it.each([
    [{ name: 'app', args: ['--shutdown-delay=10s'] }, true],
    [{ name: 'app', args: ['--shutdown-delay=0s'] }, false],
    [env('LAMEDUCK_SECONDS', '5'), true],
    [env('PRE_STOP_WAIT', '5s'), true],
    [env('DELAY', '5'), false],
  ])('%j: %s', (container, waits) => expect(ownWait(container) !== undefined).toBe(waits))
})

it.each([
  [{ 'alb.ingress.kubernetes.io/target-group-attributes': 'a=b,deregistration_delay.timeout_seconds=60' }, 60],
  [{ 'service.beta.kubernetes.io/aws-load-balancer-connection-draining-timeout': '30' }, 30],
  [{ 'alb.ingress.kubernetes.io/target-group-attributes': 'stickiness.enabled=true' }, undefined],
])('%j drains for %s s', (annotations, seconds) => expect(balancerDrain(annotations)?.seconds).toBe(seconds))

it.each([
  [{ 'alb.ingress.kubernetes.io/target-type': 'ip' }, true],
  [{ 'alb.ingress.kubernetes.io/target-type': 'instance' }, false],
  [{ 'cloud.google.com/neg': '{"ingress": true}' }, true],
  [{ 'cloud.google.com/neg': '{"ingress": false}' }, false],
  [{}, false],
])('%j sends straight to Pods: %s', (annotations, straight) => expect(targetsPods(annotations)).toBe(straight))
