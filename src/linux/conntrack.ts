// The kernel's conntrack statistics, per CPU and network namespace: /proc/net/stat/nf_conntrack (net/netfilter/
// nf_conntrack_standalone.c, ct_cpu_seq_show) and what `conntrack -S` prints of the same by netlink. The set of columns grew
// and shrank over time, so names tell what a number is, never its place.

/** Counters of one CPU since boot, by their names. What a kernel or tool does not offer is missing, which is not 0. */
export type CpuCounters = Readonly<Record<string, number>>

export interface ConntrackStatistics {
  readonly cpus: readonly CpuCounters[]
  /** Entries of the whole table, which /proc repeats on each row; netlink does not tell it here. */
  readonly entries?: number
  /** Rows that were cut off or are none, as they stood. */
  readonly broken: readonly string[]
}

/** netlink and conntrack-tools have other names for two of them. */
const sameAs: Readonly<Record<string, string>> = {
  icmp_error: 'error',
  clashres: 'clash_resolve', // in the place of `searched`, since 5.10
  chainlength: 'chaintoolong', // in the place of `delete_list`, since 5.16
}

const nameOf = (name: string): string => sameAs[name] ?? name

/**
 * Reads /proc/net/stat/nf_conntrack: a header, then a row of hexadecimal numbers without 0x for each CPU.
 * @returns undefined if it has no header.
 */
export function parseConntrackStatistics(text: string): ConntrackStatistics | undefined {
  const [header = '', ...lines] = text.split('\n')
  const names = words(header).map(nameOf)
  if (!names.includes('entries')) return undefined
  const cpus: CpuCounters[] = []
  const broken: string[] = []
  let entries: number | undefined
  for (const line of lines.filter((one) => one.trim() !== '')) {
    const numbers = words(line)
    if (numbers.length !== names.length || !numbers.every((word) => /^[0-9a-f]{1,16}$/i.test(word))) {
      broken.push(line)
      continue
    }
    const { entries: all, ...counters } = Object.fromEntries(
      names.map((name, place) => [name, Number.parseInt(numbers[place] ?? '', 16)]),
    )
    entries ??= all
    cpus.push(counters)
  }
  return { cpus, broken, ...(entries !== undefined && { entries }) }
}

/**
 * Reads `conntrack -S`: `cpu=0 found=986 invalid=…`, decimal. What a newer kernel counts is `unknown1` and so on to an older tool. The
 * tool of before 1.2 prints a name and a number on each line, of the first CPU alone: that tells too little, and is none.
 * @returns undefined if no line is one.
 */
export function parseConntrackTool(text: string): ConntrackStatistics | undefined {
  const cpus: CpuCounters[] = []
  const broken: string[] = []
  let entries: number | undefined
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const pairs = words(line).map((word) => /^([a-z_\d]+)=(\d+)$/.exec(word))
    const {
      cpu,
      entries: all,
      ...counters
    } = Object.fromEntries(pairs.flatMap((pair) => (pair ? [[nameOf(pair[1] ?? ''), Number(pair[2])]] : [])))
    if (cpu === undefined || pairs.some((pair) => pair === null)) broken.push(line)
    else {
      entries ??= all // where it read /proc for want of netlink
      cpus.push(counters)
    }
  }
  return cpus.length > 0 ? { cpus, broken, ...(entries !== undefined && { entries }) } : undefined
}

const words = (line: string): string[] => line.trim().split(/\s+/)

/** The sum of a counter over all CPUs (beyond 32 bits); undefined where the kernel does not offer it. */
export function total({ cpus }: Pick<ConntrackStatistics, 'cpus'>, name: string): number | undefined {
  const values = cpus.flatMap((cpu) => cpu[name] ?? [])
  return values.length > 0 ? values.reduce((sum, one) => sum + one, 0) : undefined
}

/** Counters are unsigned int in the kernel (struct ip_conntrack_stat). */
const wrap = 2 ** 32
/** A counter that falls is one that wrapped only if it grew by less than this, some millions a second and CPU; else it began anew. */
const mostWrapped = 2 ** 28

/**
 * How much a counter grew from one reading to a later one, CPU by CPU: a wrapped one went on from 0.
 * @returns undefined where either reading does not offer it, where it was reset in between (a reboot, another namespace), and where
 * the rows are not the same ones: there is one for each CPU that there may ever be, so one of the readings lost some.
 */
export function growth(
  before: Pick<ConntrackStatistics, 'cpus'>,
  now: Pick<ConntrackStatistics, 'cpus'>,
  name: string,
): readonly number[] | undefined {
  if (now.cpus.length !== before.cpus.length) return undefined
  const grown = now.cpus.map((cpu, place) => {
    const [from, to] = [before.cpus[place]?.[name], cpu[name]]
    if (from === undefined || to === undefined) return undefined
    if (to >= from) return to - from
    const wrapped = to + wrap - from
    return wrapped < mostWrapped ? wrapped : undefined
  })
  return grown.every((one) => one !== undefined) ? grown : undefined
}

/** A release of Linux, as `uname -r` begins. */
export interface KernelVersion {
  readonly major: number
  readonly minor: number
}

export function parseKernelVersion(release: string): KernelVersion | undefined {
  const match = /(?:^|\s)(\d+)\.(\d+)(?:[.\s-]|$)/.exec(release)
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined
}

export const isBefore = (kernel: KernelVersion, major: number, minor: number): boolean =>
  kernel.major < major || (kernel.major === major && kernel.minor < minor)

/**
 * Whether insert_failed counts lost packets only. Before 5.10 it also counts clashes that the kernel resolved, whose packets went on
 * (commit "netfilter: conntrack: add clash resolution stat counter", August 2020).
 */
export const countsLossesOnly = (kernel: KernelVersion): boolean => !isBefore(kernel, 5, 10)
