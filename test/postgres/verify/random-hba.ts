import { networkInterfaces } from 'node:os';

export const ROLES = ['anna', 'bob', 'Carol S', 'dave'] as const;
export const GROUPS = ['staff', 'guests'] as const;
export const DATABASES = ['shop', 'anna', 'staff'] as const;
export const ADDRESSES = ['127.0.0.1', '127.0.0.2', ...(hasLoopback6() ? ['::1'] : []), 'socket'];

function hasLoopback6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1') === true);
}

/** The same numbers in every run (Park and Miller). */
let seed = 20_261_122;
export const below = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
const oneOf = <T>(items: readonly T[]): T => items[below(items.length)] as T;
const some = (items: readonly string[]): string => Array.from({ length: 1 + below(2) }, () => oneOf(items)).join(',');

const USERS = ['all', 'all', 'anna', 'bob', '"Carol S"', '+staff', '+guests', '/^[ab]', '/S$', 'nobody', '+anna'];
const TARGETS = ['all', 'all', 'shop', 'sameuser', 'samerole', 'samegroup', 'replication', '/^s', '/n{2}', 'nowhere', 'staff'];
const NETWORKS = 'all 127.0.0.1/32 127.0.0.2/32 127.0.0.0/8 127.0.0.0/30 0.0.0.0/0 ::/0 ::1/128 10.0.0.0/8 ::/64'
  .split(' ')
  .concat('127.0.0.2 255.255.255.254');
/** Addresses nobody knows from the outside, and a mask with holes: the simulation keeps them apart from all others. */
const NAMES = ['samehost', 'localhost', '127.0.0.1 255.0.0.255'];
const TYPES = ['host', 'host', 'hostssl', 'hostnossl', 'hostnogssenc', 'local'];

export function randomRule(withNames: boolean): string {
  const type = oneOf(TYPES);
  const address = type === 'local' ? '' : oneOf(withNames ? [...NETWORKS, ...NAMES] : NETWORKS);
  return [type, some(TARGETS), some(USERS), address, below(4) === 0 ? 'reject' : 'trust'].join(' ');
}

export interface Attempt {
  role: string;
  database: string;
  address: string;
  encryption: 'plain' | 'tls';
}

export function randomAttempt(): Attempt {
  const address = oneOf(ADDRESSES);
  const encryption = address === 'socket' ? 'plain' : oneOf(['plain', 'tls'] as const);
  return { role: oneOf(ROLES), database: oneOf([...DATABASES, 'replication']), address, encryption };
}
