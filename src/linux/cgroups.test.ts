import { describe, expect, it } from 'vitest'
import { belongsTo, cgroupLayout, containersIn, parseCgroupEvents, parseFreezerState, parseMembers } from './cgroups.ts'

const id = '0123456789abcdef'.repeat(4)
const inner = 'f'.repeat(64)

describe('cgroupLayout', () => {
  const v2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0'
  const tmpfs = 'tmpfs /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,mode=755 0 0'
  const freezer = 'cgroup /sys/fs/cgroup/freezer cgroup rw,nosuid,nodev,noexec,relatime,freezer 0 0'
  const unified = 'cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid,nodev,noexec,relatime 0 0'

  it.each([
    ['v2', `proc /proc proc rw 0 0\n${v2}\n`],
    ['v1', `${tmpfs}\n${freezer}\n`],
    ['hybrid', `${tmpfs}\n${unified}\n${freezer}\n`],
    [undefined, 'proc /proc proc rw 0 0\n/dev/sda1 /mnt/cgroup ext4 rw 0 0\n'],
    [undefined, ''],
    ['v2', '24 1 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'],
    ['v1', '30 25 0:26 / /sys/fs/cgroup/freezer rw shared:9 master:2 - cgroup cgroup rw,freezer\n'],
    [undefined, '30 25 0:26 / /sys/fs/cgroup rw - tmpfs cgroup rw\n'],
  ])('%s', (layout, mounts) => expect(cgroupLayout(mounts)).toBe(layout))
})

it.each([
  ['populated 1\nfrozen 0\n', { populated: true, frozen: false }],
  ['populated 0\nfrozen 1\n', { populated: false, frozen: true }],
  ['populated 1\n', { populated: true }],
  ['', {}],
])('parseCgroupEvents %j', (text, events) => expect(parseCgroupEvents(text)).toEqual(events))

it.each([
  ['THAWED\n', 'thawed'],
  ['FREEZING\n', 'freezing'],
  ['FROZEN\n', 'frozen'],
  ['', undefined],
])('parseFreezerState %j', (text, state) => expect(parseFreezerState(text)).toBe(state))

it.each([
  ['12\n345\n', [12, 345]],
  ['0\n7\n', [7]],
  ['', []],
])('parseMembers %j', (text, members) => expect(parseMembers(text)).toEqual(members))

describe('containersIn', () => {
  it.each([
    `/docker/${id}`,
    `/system.slice/docker-${id}.scope`,
    `/kubepods/besteffort/pod1/${id}`,
    `/kubepods/burstable/pod1/crio-${id}`,
    `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
    `/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope/container`,
    `/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${id}`,
    `/../cri-containerd-${id}.scope`,
    `/machine.slice/libpod-${id}.scope`,
  ])('%s', (path) => expect(containersIn(path)).toEqual([id]))

  it.each([
    '/',
    `/kubepods.slice/crio-conmon-${id}.scope`,
    `/docker/${id.slice(0, 12)}`,
    `/docker/${id}0`,
    `/docker/x${id}`,
    `/docker/${id.toUpperCase()}`,
    `/machine.slice/libpod-conmon-${id}.scope`,
  ])('none in %s', (path) => expect(containersIn(path)).toEqual([]))

  it('names the outer one first where a container runs containers', () =>
    expect(containersIn(`/docker/${id}/kubelet/kubepods/pod1/${inner}`)).toEqual([id, inner]))
})

it.each([
  [{ '': `/docker/${id}` }, true],
  [{ freezer: '/', 'name=systemd': `/docker/${id}` }, true],
  [{ '': `/docker/${inner}` }, false],
  [{}, false],
])('belongsTo %j is %s', (cgroups, belongs) => expect(belongsTo({ cgroups }, id)).toBe(belongs))
