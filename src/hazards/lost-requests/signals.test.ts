import { describe, expect, it } from 'vitest'
import { fastStop, shellStays } from './signals.ts'

const run = (image: string, ...command: string[]) => shellStays({ name: 'app', image, command })

describe('a shell before an application', () => {
  it.each([
    ['alpine:3.20', 'sh', './server | tee log', 'runs a pipe'],
    ['alpine:3.20', 'sh', 'until ./server; do sleep 1; done', 'runs a loop'],
    ['alpine:3.20', 'bash', './a & ./b & wait -n', 'waits for what it started in the background'],
    ['debian:12', 'sh', './server', 'runs it as a child, being dash by its image'],
    [
      'python:3.12-slim',
      '/bin/sh',
      'python manage.py migrate\npython server.py\n',
      'runs it as a child, being dash by its image',
    ],
    ['any:1', 'dash', './server 2>&1', 'runs it as a child, being dash by its image'],
  ])('%s %s -c "%s" stays', (image, shell, script, why) => expect(run(image, shell, '-c', script)).toBe(why))

  it.each([
    ['debian:12', 'sh', 'exec ./server'],
    ['debian:12', 'sh', './migrate &&\n  exec ./server --name="a|b"'],
    ['debian:12', 'bash', './migrate; ./server'],
    ['alpine:3.20', 'sh', './server # | tee log'],
    ['nginx:alpine-slim', 'sh', './server'],
    ['any:1', 'sh', './server'],
    ['debian:12', 'sh', "trap 'kill 0' TERM; ./server & wait"],
    ['debian:12', 'sh', ''],
  ])('%s %s -c "%s" is gone, passes signals on, or nobody can tell', (image, shell, script) =>
    expect(run(image, shell, '-c', script)).toBeUndefined(),
  )

  it('is not asked of what runs without one, or of what the image runs', () => {
    expect(run('debian:12', 'tini', '--', 'sh', '-c', './server | tee log')).toBeUndefined()
    expect(shellStays({ name: 'app', image: 'debian:12', args: ['sh', '-c', './server'] })).toBeUndefined()
  })
})

const nginx = (image: string, more: object = {}, minor = 34) =>
  fastStop({ name: 'web', image, ...more } as Parameters<typeof fastStop>[0], { major: 1, minor })

describe('nginx', () => {
  it.each([
    'nginx:1.12.1',
    'nginx:1.13',
    'nginx:1.17.10-alpine',
    'docker.io/library/nginx:1.19.4@sha256:00',
    'mirror.example.com:5000/hub/library/nginx:1.16-perl',
  ])('%s is stopped by SIGTERM', (image) => expect(nginx(image)).toEqual({ signal: 'SIGTERM' }))

  it.each([
    'nginx',
    'nginx:1',
    'nginx:1.12.0',
    'nginx:1.13.0',
    'nginx:1.18.0',
    'nginx:1.19',
    'nginx:1.19.5',
    'nginx:1.27.0',
    'nginx:stable',
    'bitnami/nginx:1.17.10',
    'nginx@sha256:00',
  ])('%s is not, or does not tell', (image) => expect(nginx(image)).toBeUndefined())

  it('goes by the signal that the container names, where the release keeps it', () => {
    const lifecycle = (stopSignal: string) => ({ lifecycle: { stopSignal } })
    expect(nginx('nginx:1.27', lifecycle('SIGTERM'))).toMatchObject({ told: ['lifecycle', 'stopSignal'] })
    expect(nginx('nginx:1.17', lifecycle('SIGQUIT'))).toBeUndefined()
    expect(nginx('nginx:1.17', lifecycle('SIGQUIT'), 32)).toEqual({ signal: 'SIGTERM' })
  })

  it('ends its requests where the hook waits for that', () => {
    const hook = (script: string) => ({ lifecycle: { preStop: { exec: { command: ['sh', '-c', script] } } } })
    expect(nginx('nginx:1.17', hook('nginx -s quit'))).toMatchObject({ quitsFirst: true })
    expect(nginx('nginx:1.17', hook('nginx -s quit; while pidof nginx; do sleep 1; done'))).toBeUndefined()
    expect(nginx('nginx:1.17', hook('sleep 10'))).toEqual({ signal: 'SIGTERM' })
  })
})
