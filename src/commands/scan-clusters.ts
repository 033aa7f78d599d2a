import type { LookOptions } from '../engine/look.ts'
import type { Io } from './io.ts'
import type { ScanOptions } from './scan.ts'
import type { Seen } from './scan-files.ts'

export function scanClusters(_o: Omit<LookOptions, 'vantages' | 'world'>, _s: ScanOptions, _io: Io): Promise<Seen> {
  throw new Error('later')
}
