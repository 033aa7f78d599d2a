import { spawnSync } from 'node:child_process'

/** True, with the reason on stderr, where libfaketime is not to be had: for describe.skipIf. */
export function faketimeOrSkip(): boolean {
  if (spawnSync('faketime', ['-f', '+0', 'true']).status === 0) return false
  process.stderr.write('skipped for want of libfaketime: install faketime\n')
  return true
}

/**
 * For a process whose clock of the day is set by a file while it runs (`+1h`, `-1d`, `+0`); its clock that only goes forward stays.
 * The dynamic linker knows what `$LIB` is.
 */
export const faketime = (file: string): Readonly<Record<string, string>> => ({
  LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
  FAKETIME_TIMESTAMP_FILE: file,
  FAKETIME_NO_CACHE: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
})
