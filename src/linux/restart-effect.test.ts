import { expect, it } from 'vitest'
import { restartEffect } from './restart-effect.ts'

it.each([
  ['containerd', 'process', undefined, 'keeps-containers'],
  ['containerd', 'control-group', undefined, 'ends-containers'],
  ['containerd', undefined, undefined, undefined],
  ['cri-o', 'mixed', undefined, 'ends-containers'],
  ['docker', 'process', true, 'keeps-containers'],
  ['docker', 'process', false, 'ends-containers'],
  ['docker', 'control-group', true, 'ends-containers'],
  ['docker', 'process', undefined, undefined],
  ['docker', undefined, true, undefined],
  ['docker', undefined, false, 'ends-containers'],
] as const)('a restart of %s with KillMode %s and live-restore %s: %s', (name, mode, live, effect) => {
  expect(restartEffect(name, mode, live)).toBe(effect)
})
