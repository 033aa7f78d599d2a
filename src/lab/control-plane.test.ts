import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheFolder, findControlPlane, findKubelet, startControlPlane } from './control-plane.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'roadcrew-home-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const all = ['kube-apiserver', 'kube-controller-manager', 'etcd']

const put = (folder: string, names: readonly string[], script = '#!/bin/sh\nexit 0\n'): string => {
  mkdirSync(folder, { recursive: true })
  for (const name of names) {
    writeFileSync(join(folder, name), script)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

const builtAs = (folder: string, build: string): string => {
  writeFileSync(join(folder, 'kube-apiserver.build'), `${build}\n`)
  return folder
}

describe('the parts of a control plane', () => {
  it('come from KUBEBUILDER_ASSETS first', () => {
    const assets = put(join(home, 'assets'), all)
    put(cacheFolder({}, home), all)
    expect(findControlPlane({ KUBEBUILDER_ASSETS: assets }, home)).toEqual({
      found: {
        apiServer: join(assets, 'kube-apiserver'),
        controllerManager: join(assets, 'kube-controller-manager'),
        etcd: join(assets, 'etcd'),
      },
    })
  })

  it('come from the cache where the assets lack a part, with etcd from PATH', () => {
    const assets = put(join(home, 'assets'), ['kube-apiserver', 'etcd'])
    const cache = builtAs(put(cacheFolder({}, home), ['kube-apiserver', 'kube-controller-manager']), '2')
    const path = put(join(home, 'bin'), ['etcd'])
    expect(findControlPlane({ KUBEBUILDER_ASSETS: assets, PATH: `/nonexistent:${path}` }, home)).toEqual({
      found: {
        apiServer: join(cache, 'kube-apiserver'),
        controllerManager: join(cache, 'kube-controller-manager'),
        etcd: join(path, 'etcd'),
      },
    })
  })

  it.each([undefined, '1'])(
    'of the cache count as missing where the API server is of an earlier build: %s',
    (build) => {
      const cache = put(cacheFolder({}, home), all)
      if (build !== undefined) builtAs(cache, build)
      expect(findControlPlane({ PATH: '' }, home)).toMatchObject({ missing: ['kube-apiserver'] })
      expect(findControlPlane({ PATH: '', KUBEBUILDER_ASSETS: cache }, home)).toHaveProperty('found')
    },
  )

  it('that are missing are named, with what to do', () => {
    const sought = findControlPlane({ PATH: put(join(home, 'bin'), ['etcd']) }, home)
    expect(sought).toMatchObject({ missing: ['kube-apiserver', 'kube-controller-manager'] })
    expect('hint' in sought && sought.hint).toContain('build-control-plane.sh')
  })

  it('have a kubelet beside them, looked for in the assets and in the cache, whatever else is there', () => {
    const cache = put(cacheFolder({}, home), ['kubelet'])
    const bare = put(join(home, 'assets'), ['kube-apiserver'])
    expect(findKubelet({ KUBEBUILDER_ASSETS: bare }, home)).toEqual({ found: join(cache, 'kubelet') })
    const assets = put(join(home, 'more'), ['kubelet'])
    expect(findKubelet({ KUBEBUILDER_ASSETS: assets }, home)).toEqual({ found: join(assets, 'kubelet') })
    const sought = findKubelet({}, join(home, 'empty'))
    expect(sought).toMatchObject({ missing: ['kubelet'] })
    expect('hint' in sought && sought.hint).toMatch(/build-control-plane.sh \S+ kubelet/)
  })

  it('are cached where XDG_CACHE_HOME says', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/me' }, home)).toBe('/var/cache/me/roadcrew/control-plane-1.20.2')
  })
})

it('a part that ends at its start is named with the end of its log, and nothing is left', async () => {
  const folder = put(join(home, 'broken'), all, '#!/bin/sh\necho "cannot bind" >&2\nexit 3\n')
  const sought = findControlPlane({ KUBEBUILDER_ASSETS: folder }, home)
  if (!('found' in sought)) throw new Error(sought.hint)
  const labs = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('roadcrew-lab-'))
  const before = labs()
  await expect(startControlPlane(sought.found)).rejects.toThrow(
    /kube-apiserver ended with 3; its log ends with:\ncannot bind/,
  )
  expect(labs().filter((name) => !before.includes(name))).toEqual([])
})
