import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EVENT_TRIGGERS, GUARD_FUNCTIONS } from '../../../src/ops/schema/immutability/index.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { guardPolicyFrom } from '../../../src/ops/verify/guard-policy.ts';
import { PARAMETERS } from '../../../src/ops/verify/parameters.ts';
import { policyFrom, type Policy } from '../../../src/ops/verify/policy.ts';

const immutability = {
  owner: 'vault',
  partition_creators: ['archiver'],
  unlockers: ['ann', 'bob'],
  archivers: [],
  archive_verifiers: [],
  tables: [{ table: 'audit.log', generated: ['id'], accept: ['enum'] }],
};
const policy = guardPolicyFrom(immutability);
const named = (name: string) => policy?.functions.find((one) => one.name === name);

describe('a guard policy', () => {
  it('is none where no table is listed', () => {
    expect(guardPolicyFrom(undefined)).toBeNull();
    expect(guardPolicyFrom({ ...immutability, tables: [] })).toBeNull();
  });

  it('names tables, owner, event triggers and every function', () => {
    expect(policy?.tables).toEqual([{ schema: 'audit', table: 'log', generated: ['id'], accept: ['enum'] }]);
    expect(policy?.owner).toBe('vault');
    expect(policy?.functions.map(({ name }) => name)).toEqual(GUARD_FUNCTIONS.map(({ name }) => name));
    expect(policy?.eventTriggers.map(({ name }) => name)).toEqual(EVENT_TRIGGERS.map(({ name }) => name));
  });

  it('says of a function what the catalogs must show', () => {
    const body = GUARD_FUNCTIONS.find(({ name }) => name === 'permitted')?.body ?? '';
    expect(named('permitted')).toEqual({
      name: 'permitted',
      args: 'relation oid',
      sha256: createHash('sha256').update(body).digest('hex'),
      language: 'sql',
      definer: true,
      volatility: 'volatile',
      settings: ['search_path=pg_catalog, pg_temp'],
      clauses: 'set search_path = pg_catalog, pg_temp',
      owner: 'dbctl_guard',
      executors: [],
    });
  });

  it('writes settings as pg_proc has them, whatever their case', () => {
    const { settings, clauses } = named('relation_shape') ?? { settings: [], clauses: '' };
    expect(settings).toContain('datestyle=iso, mdy');
    expect(clauses).toContain("set datestyle = 'ISO, MDY'");
  });

  it('knows who may call what, and that partitions are made by the owner of the tables', () => {
    expect(named('refuse_row_change')?.executors).toBeNull();
    expect(named('create_partition')).toMatchObject({ owner: 'vault', executors: ['archiver'] });
    expect(named('use_unlock')?.executors).toEqual(['ann', 'bob']);
    expect(named('accept_shape')?.executors).toEqual([]);
  });
});

it('reaches the checks as JSON, or as null, which skips them', () => {
  const values = (guards: Policy['guards']) => {
    const source = {
      version: '18.2',
      extensions: { required: [], allowed: [], schema: 'extensions' },
      timezone: 'UTC',
      locale: { provider: 'builtin', name: 'C.UTF-8', encoding: 'UTF8' },
    } as const;
    const connection = { host: '', encrypted: false, crossesNetwork: false, peer: null };
    const moment = { now: new Date(0), roundTripMs: 0 };
    return { policy: { ...policyFrom({ postgres: source }), guards }, advisories, connection, moment };
  };
  const names = ['protected_tables', 'protected_owner', 'guard_functions', 'guard_event_triggers'] as const;
  for (const name of names) expect(PARAMETERS[name].value(values(null)), name).toBeNull();
  expect(PARAMETERS.protected_owner.value(values(policy))).toBe('vault');
  expect(JSON.parse(PARAMETERS.protected_tables.value(values(policy)) ?? '')).toEqual(policy?.tables);
  expect(JSON.parse(PARAMETERS.guard_event_triggers.value(values(policy)) ?? '')).toEqual(policy?.eventTriggers);
});
