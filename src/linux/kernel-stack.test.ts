import { expect, it } from 'vitest'
import { parseKernelStack } from './kernel-stack.ts'

it('names functions and modules, of new kernels and old ones', () => {
  expect(
    parseKernelStack('[<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc]\n[<0>] do_syscall_64+0x71/0x280\n', 9),
  ).toEqual(['rpc_wait_bit_killable [sunrpc]', 'do_syscall_64'])
  expect(
    parseKernelStack('[<ffffffff810a>] do_wait.part.3+0x1f4/0x260\n[<ffffffffffffffff>] 0xffffffffffffffff\n', 9),
  ).toEqual(['do_wait.part.3'])
})

it('is bounded', () => expect(parseKernelStack('[<0>] a+0x1/0x2\n[<0>] b+0x1/0x2\n', 1)).toEqual(['a']))

it('is empty for a thread that runs, or vanished', () => expect(parseKernelStack('', 9)).toEqual([]))
