import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { literal } from '../../../src/db/ident.ts';
import { withClient } from './support.ts';
import { LAB_PASSWORD, startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';
import { startHardened } from './hardened.ts';
import { PLANTED, PLANTED_SETTINGS } from './planted.ts';

interface Finding {
  readonly id: string;
  readonly object: string;
  readonly status: string;
  readonly severity: string;
  readonly message: string;
  readonly fix: string | null;
}

async function verify(lab: ReferenceLab, args: readonly string[] = [], login?: string) {
  const { status, items } = await lab.dbctl(['verify', ...args], login);
  return { status, items: items as unknown as Finding[] };
}

describe('a hardened server', () => {
  let lab: ReferenceLab;
  beforeAll(async () => {
    lab = await startHardened();
  });
  afterAll(() => lab.stop());

  it('has no finding of medium or above', async () => {
    const { items, status } = await verify(lab, ['--fail-on', 'medium']);
    const grave = items.filter(({ status: is, severity }) => is === 'fail' && severity !== 'low' && severity !== 'info');
    expect(grave.map(({ id, object, message }) => `${id} ${object}: ${message}`)).toEqual([]);
    expect(status).toBe(0);
  });

  it('is seen whole by the role that verifies, but for the verifiers of passwords', async () => {
    const { items } = await verify(lab, ['--fail-on', 'medium'], 'verify');
    expect(items.filter(({ status: is }) => is === 'unknown').map(({ id }) => id)).toEqual([
      'auth-md5-verifiers',
      'auth-accounts',
    ]);
    const grave = items.filter(({ status: is, severity }) => is === 'fail' && severity !== 'low' && severity !== 'info');
    expect(grave.map(({ id, object, message }) => `${id} ${object}: ${message}`)).toEqual([]);
  });
});

describe('a server that was broken', () => {
  let lab: ReferenceLab;
  beforeAll(async () => {
    lab = await startReferenceLab({ settings: Object.assign({}, ...Object.values(PLANTED_SETTINGS)) });
    await withClient(lab.url(), async (client) => {
      await client.query('set event_triggers = off');
      for (const [check, statements] of Object.entries(PLANTED))
        for (const statement of statements)
          await client.query(statement).catch((thrown: unknown) => {
            throw new Error(`cannot plant ${check}: ${String(thrown)}`);
          });
    });
  });
  afterAll(() => lab.stop());

  it('is found out, fault by fault', async () => {
    const { items, status } = await verify(lab);
    const found = new Set(items.filter(({ status: is }) => is === 'fail').map(({ id }) => id));
    const planted = [...Object.keys(PLANTED_SETTINGS), ...Object.keys(PLANTED)];
    expect(planted.length).toBeGreaterThanOrEqual(60);
    expect(planted.filter((id) => !found.has(id))).toEqual([]);
    expect(status).toBe(1);
  });

  it('never passes for a role that could not look', async () => {
    await lab.as(undefined, async (client) => {
      await client.query(`set password_encryption = 'scram-sha-256'`);
      await client.query(
        `create role onlooker login password ${literal(LAB_PASSWORD)}; grant connect on database lab to onlooker`,
      );
    });
    const byId = (items: readonly Finding[]) => {
      const map = new Map<string, Finding[]>();
      for (const item of items) map.set(item.id, [...(map.get(item.id) ?? []), item]);
      return map;
    };
    const [all, seen] = [byId((await verify(lab)).items), byId((await verify(lab, [], 'onlooker')).items)];
    const wrong = [...all].flatMap(([id, items]) => {
      const failing = items.filter(({ status }) => status === 'fail').map(({ object }) => object);
      const plain = seen.get(id) ?? [];
      const unknown = plain.some(({ status, fix }) => status === 'unknown' && fix !== null);
      const objects = plain.filter(({ status }) => status === 'fail').map(({ object }) => object);
      return unknown || failing.every((object) => objects.includes(object)) ? [] : [{ id, failing, plain }];
    });
    expect(wrong).toEqual([]);
  });
});
