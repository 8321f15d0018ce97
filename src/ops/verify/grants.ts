import { ident } from '../../db/ident.ts';
import type { Check } from './check.ts';
import { CLOSED_FUNCTIONS, CLOSED_RELATIONS, HIDDEN_SETTINGS, SHOWS_MORE } from './closed.ts';
import { needText, SETTINGS_VIEW, type Need } from './need.ts';

/** A right that checks need. */
export interface NeededGrant {
  readonly statement: string;
  readonly undo: string;
  /** Memberships hold in the whole cluster; rights on catalogs and objects are those of one database. */
  readonly where: 'cluster' | 'database';
  /**
   * needed: it is given · open: PUBLIC has it on a server as it comes · secret: it shows passwords or data, and somebody has to decide
   * that by hand.
   */
  readonly kind: 'needed' | 'open' | 'secret';
  /** What it shows besides what is wanted. */
  readonly note: string | null;
  /** Ids of the checks that need it. */
  readonly checks: readonly string[];
}

/** What a role needs to see all that the checks look at: one grant each, in a fixed order. Pure. */
export function neededGrants(checks: readonly Check[], role: string): NeededGrant[] {
  const found = new Map<string, NeededGrant>();
  for (const check of checks)
    for (const need of check.needs)
      for (const one of grantsFor(need, ident(role))) {
        const known = found.get(one.statement);
        found.set(one.statement, {
          ...one,
          checks: [...(known?.checks ?? []), ...(known?.checks.includes(check.id) ? [] : [check.id])],
        });
      }
  return [...found.values()].toSorted((a, b) => rank(a) - rank(b) || (a.statement < b.statement ? -1 : 1));
}

const KINDS: readonly NeededGrant['kind'][] = ['needed', 'secret', 'open'];

/** USAGE on a schema stands before what is in it, since schema sorts behind execute and select. */
function rank({ where, kind, statement }: NeededGrant): number {
  return (where === 'cluster' ? 0 : 10) + KINDS.indexOf(kind) * 2 + (statement.startsWith('grant usage on schema') ? 0 : 1);
}

type Right = Omit<NeededGrant, 'checks'>;

function grantsFor(need: Need, role: string): Right[] {
  switch (need.kind) {
    case 'select':
      return inSchema(need.name, `select on ${need.name}`, role, relationRight);
    case 'execute':
      return inSchema(need.name, `execute on function ${need.name}`, role, functionRight);
    case 'member':
      return [membership(need.name, role)];
    case 'setting':
    case 'unoverridden':
      return [
        ...(HIDDEN_SETTINGS.has(need.name.toLowerCase()) ? [membership('pg_read_all_settings', role)] : []),
        ...inSchema('pg_catalog.pg_settings', needText(SETTINGS_VIEW).replace('select ', 'select on '), role, relationRight),
      ];
    case 'advisories':
      return [];
    case 'either':
      return grantsFor(need.of[0], role);
  }
}

type Judge = (name: string) => Pick<Right, 'kind' | 'note'>;

function inSchema(name: string, right: string, role: string, judge: Judge): Right[] {
  const [, schema = '', rest = ''] = /^([^.]+)\.([^(]+)/.exec(name) ?? [];
  const one = (what: string, how: Pick<Right, 'kind' | 'note'>): Right => ({
    statement: `grant ${what} to ${role};`,
    undo: `revoke ${what} from ${role};`,
    where: 'database',
    ...how,
  });
  if (schema === 'pg_catalog') return [one(right, judge(rest))];
  const needed = { kind: 'needed', note: null } as const;
  return [one(`usage on schema ${schema}`, needed), one(right, needed)];
}

const relationRight: Judge = (name) => {
  const secret = CLOSED_RELATIONS[name];
  if (secret === undefined) return { kind: 'open', note: null };
  return secret === null ? { kind: 'needed', note: SHOWS_MORE[name] ?? null } : { kind: 'secret', note: secret };
};

const functionRight: Judge = (name) => ({ kind: CLOSED_FUNCTIONS.has(name) ? 'needed' : 'open', note: null });

function membership(group: string, role: string): Right {
  return {
    statement: `grant ${group} to ${role};`,
    undo: `revoke ${group} from ${role};`,
    where: 'cluster',
    kind: 'needed',
    note: SHOWS_MORE[group] ?? null,
  };
}
