/**
 * /proc/<pid>/stack (proc_pid_stack(5)): the kernel functions that a thread is in, innermost first, without addresses,
 * with the module that has them where that is not the kernel itself (`rpc_wait_bit_killable [sunrpc]`). At most `limit`.
 */
export const parseKernelStack = (text: string, limit: number): string[] =>
  text
    .split('\n')
    .flatMap((line) => {
      const match = /^\[<[0-9a-f]+>\] ([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+( \[\w+\])?/.exec(line)
      return match ? [`${match[1]}${match[2] ?? ''}`] : []
    })
    .slice(0, limit)
