import { statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Whether this process is in the network of the node's first one; undefined if that can't be told. By the inode of a file below
 * /proc/<pid>/net, which is another one in each network namespace (fs/proc/generic.c, proc_register): unlike the link ns/net of
 * another user's process anybody may ask for it.
 * @param proc the node's /proc.
 */
export function isInNodesNetwork(proc: string): boolean | undefined {
  try {
    return statSync(join(proc, '1/net/dev')).ino === statSync('/proc/self/net/dev').ino
  } catch {
    return undefined
  }
}
