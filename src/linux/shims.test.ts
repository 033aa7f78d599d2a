import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseListing } from './fixtures/ps-listing.ts'
import type { Process } from './process.ts'
import { processTree } from './process-tree.ts'
import { mayBeShim, type Shim, shimOf, shimsFor } from './shims.ts'

const listing = (name: string): Process[] =>
  parseListing(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'))
const id = '7'.repeat(64)
const of = (line: string): Shim | undefined => shimOf({ command: line.split(' ') })
const pids = (processes: readonly { readonly pid: number }[]): number[] => processes.map(({ pid }) => pid)
/** `<shim>: <its live children>` */
const found = (file: string, container: string, sandbox?: string): string[] =>
  shimsFor(container, sandbox, processTree(listing(file))).map(({ process, children }) =>
    `${process.pid}: ${pids(children).join(' ')}`.trim(),
  )

describe('recorded nodes', () => {
  it('finds the shim by its working directory, not the daemons', () => {
    const whole = '6a9331d1b91d3d31d35d6790aa1bf9e34d695d6f748dbb2c70f6bea8dc3d2cf9'
    expect(found('init-that-cannot-end.ps', whole)).toEqual(['22817: 22832'])
    expect(found('init-that-cannot-end.ps', whole.slice(0, 12))).toEqual([])
  })

  it('tells the shim that supervises from two leftovers', () =>
    expect(found('three-shims.ps', '0ce69c426d213b4ad3e07ba6da934555a6ec36a7edcb3050b2951b1b4a4ca445')).toEqual([
      '1030: 70112',
      '4250:',
      '63381:',
    ]))

  it('takes neither grep nor docker inspect for a shim', () => {
    const processes = listing('lines-that-hold-the-id.ps')
    expect(pids(processes.filter((process) => shimOf(process)))).toEqual([20154])
    expect(
      found('lines-that-hold-the-id.ps', '7d1dbb28dac3216b2b5cbafa5c6b9dbb4a6565e56d9bd8c6f060ba7487b55501'),
    ).toEqual(['20154: 25587'])
  })

  it('knows the Pod from the name that conmon was given, and leaves out the one of an exec', () => {
    const container = '0eb77e3614f6dca1b13a1f57ad21168f38bc226c1cdad438346fa666468f3add'
    const shims = shimsFor(container, undefined, processTree(listing('conmon.ps')))
    expect(pids(shims.map(({ process }) => process))).toEqual([4202])
    expect(shims[0]?.shim).toEqual({
      kind: 'conmon',
      id: container,
      pod: {
        namespace: 'kube-system',
        name: 'kube-scheduler-d',
        uid: '767081f8d4a1e549747c8b66d4842b25',
        container: 'kube-scheduler',
        attempt: 1,
      },
      pidFile: `/run/containers/storage/overlay-containers/${container}/userdata/pidfile`,
      servesPod: false,
      killable: true,
    })
  })

  it('does not fall back on the shim of another container', () => {
    expect(found('shim-gone-or-empty.ps', 'b7ae929025205a7ea9eeaec24bc0526bf642052edff6c7849bc5cc7b9afb9121')).toEqual(
      [],
    )
    expect(found('shim-gone-or-empty.ps', '5'.repeat(64))).toEqual(['15027:'])
    expect(found('shim-gone-or-empty.ps', '6'.repeat(64))).toEqual(['16001: 16022'])
  })
})

describe('shimOf', () => {
  const moby = { namespace: 'moby', servesPod: false, killable: true }

  it.each([
    [`containerd-shim-runc-v2 -namespace moby -id ${id} -address /a`, { ...moby, kind: 'containerd-shim-runc-v2' }],
    [`/x/containerd-shim-runc-v1 -namespace moby -id ${id}`, { ...moby, kind: 'containerd-shim-runc-v1' }],
    [`containerd-shim --namespace=moby --workdir=/moby/${id}/`, { ...moby, kind: 'containerd-shim' }],
    [`containerd-shim -debug -namespace moby -workdir /moby/${id}`, { ...moby, kind: 'containerd-shim' }],
    [
      `containerd-shim-runc-v2 -namespace k8s.io -id ${id} -address /a`,
      { kind: 'containerd-shim-runc-v2', namespace: 'k8s.io', servesPod: true, killable: true },
    ],
    [
      `containerd-shim-runc-v1 -namespace k8s.io -id ${id} -address /a`,
      { kind: 'containerd-shim-runc-v1', namespace: 'k8s.io', servesPod: false, killable: true },
    ],
    [
      `containerd-shim-kata-v2 -namespace k8s.io -address /a -publish-binary /b -new -id ${id}`,
      { kind: 'containerd-shim-kata-v2', namespace: 'k8s.io', servesPod: true, killable: false },
    ],
    [
      `containerd-shim-runsc-v1 -namespace k8s.io -id ${id}`,
      { kind: 'containerd-shim-runsc-v1', namespace: 'k8s.io', servesPod: true, killable: false },
    ],
    [`conmon -u ${id}`, { kind: 'conmon', servesPod: false, killable: true }],
    [`conmon --cid=${id} --runtime-arg -e`, { kind: 'conmon', servesPod: false, killable: true }],
    [`conmon -t -c${id} --a-later-switch -s`, { kind: 'conmon', servesPod: false, killable: true }],
  ])('%s', (line, shim) => expect(of(line)).toEqual({ id, ...shim }))

  it('has no container name in the Pod of a sandbox', () =>
    expect(of(`conmon -c ${id} -n k8s_POD_web-0_shop_0b6c12f8-8f6e-4b8f-9d3c-5f0b8b7a6c11_0`)?.pod).toEqual({
      namespace: 'shop',
      name: 'web-0',
      uid: '0b6c12f8-8f6e-4b8f-9d3c-5f0b8b7a6c11',
      attempt: 0,
    }))

  it.each([
    ['a call that starts one', `containerd-shim-runc-v2 -namespace k8s.io -id ${id} -address /a start`],
    ['a call that cleans up', `containerd-shim-runc-v2 -namespace k8s.io -id ${id} -bundle /b delete`],
    ['a short id', `containerd-shim-runc-v2 -namespace moby -id ${id.slice(0, 12)}`],
    ['an id with more', `containerd-shim -namespace moby -workdir /moby/${id}0`],
    ['no namespace', `containerd-shim-runc-v2 -id ${id}`],
    ['an exec', `conmon --exec -c ${id}`],
    ['an attached exec', `conmon --exec-attach -c ${id}`],
    ['a program of a longer name', `containerd-shim-runc-v2-debug -namespace moby -id ${id}`],
    ['the name as a word', `sudo containerd-shim-runc-v2 -namespace moby -id ${id}`],
    ['the name as a folder', `/containerd-shim/run ${id}`],
    ['a property of every object', `constructor ${id}`],
    ['a zombie', ''],
    ['the bare program', 'containerd-shim'],
  ])('leaves out %s', (_, line) => expect(of(line)).toBeUndefined())
})

it('finds the shim of the Pod by the sandbox, and only where it serves a Pod', () => {
  const [sandbox, container] = ['a'.repeat(64), 'c'.repeat(64)]
  const process = (pid: number, line: string) =>
    ({ pid, parent: 1, name: 'x', state: 'S', startTicks: 0, command: line.split(' '), cgroups: {} }) as const
  const processes = [
    process(1, `containerd-shim-runc-v2 -namespace k8s.io -id ${sandbox}`),
    process(2, `conmon -c ${sandbox}`),
    process(3, `conmon -c ${container}`),
    process(4, `containerd-shim-runc-v1 -namespace k8s.io -id ${sandbox}`),
  ]
  const shims = shimsFor(container, sandbox, processTree(processes))
  expect(pids(shims.map((shim) => shim.process))).toEqual([1, 3])
})

it.each([
  ['containerd-shim', true],
  ['docker-containe', true],
  ['conmon', true],
  ['containerd', false],
  ['runc', false],
])('mayBeShim("%s") is %s', (name, may) => expect(mayBeShim(name)).toBe(may))
