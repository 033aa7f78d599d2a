// The rule by which the lab's node translates what its Pods send, as each of three tools writes it.
import type { Namespaces } from './network-namespaces.ts'

export type BackEnd = 'iptables-legacy' | 'iptables-nft' | 'nft'

const podNetwork = '10.244.0.0/24'

const iptablesRule = ['-s', podNetwork, '!', '-d', podNetwork, '-j', 'MASQUERADE']
const nftRule = `ip saddr ${podNetwork} ip daddr != ${podNetwork} counter masquerade`.split(' ')

/** Adds it to the node's own namespace. */
export async function addRule({ run }: Namespaces, backEnd: BackEnd): Promise<void> {
  if (backEnd !== 'nft') {
    await run('node', backEnd, '-w', '-t', 'nat', '-A', 'POSTROUTING', ...iptablesRule)
    return
  }
  const nft = (...words: string[]) => run('node', 'nft', ...words)
  await nft('add', 'table', 'ip', 'lab')
  await nft('add', 'chain', 'ip', 'lab', 'postrouting', '{ type nat hook postrouting priority srcnat; }')
  await nft('add', 'rule', 'ip', 'lab', 'postrouting', ...nftRule)
}

/** The rules of its chain as the tool lists them now, in one line. */
export async function listedRules({ run }: Namespaces, backEnd: BackEnd): Promise<string> {
  const listed =
    backEnd === 'nft'
      ? await run('node', 'nft', 'list', 'chain', 'ip', 'lab', 'postrouting')
      : await run('node', backEnd, '-w', '-t', 'nat', '-S', 'POSTROUTING')
  const rules = listed.split('\n').map((line) => line.trim())
  return rules.filter((line) => line.startsWith('-A ') || line.includes('masquerade')).join('; ')
}

/** Puts `--random-fully` onto it by hand. */
export async function makeRandom({ run }: Namespaces, backEnd: BackEnd): Promise<void> {
  if (backEnd === 'nft') throw new Error('by hand only rules of iptables are made random')
  await run('node', backEnd, '-w', '-t', 'nat', '-R', 'POSTROUTING', '1', ...iptablesRule, '--random-fully')
}
