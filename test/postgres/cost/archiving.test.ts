import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OLD_ROWS, startArchiving, type ArchivingProject, type ArchivingWorld } from '../../support/archiving.ts';

/** Cost before and after, as a rule that archives plans it and as its copies then show it. */
let world: ArchivingWorld;
let lab: ArchivingProject;
beforeAll(async () => {
  world = await startArchiving();
  lab = await world.project('cost', { format: 'csv.gz', place: 'folder' });
}, 120_000);
afterAll(() => world.stop());

const [JANUARY, FEBRUARY] = ['app.log_2024_01', 'app.log_2024_02'];
const PRICES = `cost:
  currency: EUR
  hot: [{ from: 2024-01-01, gib_month: "100" }]
  cold: [{ destination: cold, minimum_days: 30, prices: [{ from: 2024-01-01, gib_month: "1", thousand_puts: "0.5", restored_gib: "2" }] }]
`;
const plan = async () => {
  const { items } = await lab.dbctl('archiver', 'retention', 'plan');
  const at = (object: string, id: string) => items.find((one) => one.id === id && one.object === object);
  return {
    rule: at('log', 'rule'),
    cost: at('log', 'cost')?.message,
    january: at(JANUARY, 'partition'),
    february: at(FEBRUARY, 'partition'),
  };
};
const number = async (text: string): Promise<string> =>
  (await lab.rows<{ n: string }>(`select (${text})::text as n`))[0]?.n ?? '';

describe('a rule that archives', () => {
  it('plans without prices, and says what is missing', async () => {
    const { rule, cost, january } = await plan();
    expect(cost).toBe('what it costs is not known: dbctl.yaml has no price of what lies in the database');
    expect([rule, january]).toMatchObject([
      { costBefore: null, costAfter: null, costOnce: null, currency: null },
      { costBefore: null, costAfter: null, breakEvenDays: null },
    ]);
    appendFileSync(join(lab.folder, 'dbctl.yaml'), PRICES);
  });

  it('says what a month costs now; what it costs after, no copy has shown yet', async () => {
    const { rule, cost, january } = await plan();
    expect(cost).toMatch(
      /^0\.\d+ EUR a month before; what it costs after is not known: no earlier copy of app\.log shows how small it becomes$/,
    );
    expect(january).toMatchObject({
      costBefore: await number(`round(pg_total_relation_size('${JANUARY}') / 1073741824::numeric * 100, 6)`),
      costAfter: null,
    });
    const both = `(pg_total_relation_size('${JANUARY}') + pg_total_relation_size('${FEBRUARY}'))`;
    expect(rule).toMatchObject({ costBefore: await number(`round(${both} / 1073741824::numeric * 100, 6)`), costAfter: null });
  });

  it('estimates what has no copy from what earlier copies took, and takes the bytes of a copy that is there', async () => {
    await lab.dbctl('superuser', 'retention', 'hold', 'app.log', '--partition', FEBRUARY, '--reason', 'a letter of the court');
    expect((await lab.dbctl('archiver', 'retention', 'run', '--yes')).status).toBe(0);
    await lab.dbctl('superuser', 'retention', 'release', '1', '--yes', '--reason', 'the letter was withdrawn');
    const { cost, january, february } = await plan();
    const [copy] = await lab.rows<{ hot: string; cold: string }>(
      'select hot_bytes::text as hot, cold_bytes::text as cold from dbctl.archive_segment',
    );
    const { hot, cold } = copy ?? { hot: '', cold: '' };
    expect(january).toMatchObject({
      step: 'wait',
      coldBytes: Number(cold),
      estimatedColdBytes: null,
      costBefore: await number(`round(${String(january?.['hotBytes'] as number)} / 1073741824::numeric * 100, 6)`),
      costAfter: await number(`round(${cold} / 1073741824::numeric, 6)`),
      costOnce: '0.003000',
    });
    expect(february).toMatchObject({
      step: 'copy',
      coldBytes: null,
      estimatedColdBytes: Number(await number(`ceil(${String(february?.['hotBytes'] as number)}::numeric * ${cold} / ${hot})`)),
      costOnce: '0.003000',
    });
    expect(cost).toMatch(
      /^0\.\d+ EUR a month before, 0\.\d+ after, 0\.0060 once for storing; pays in \d+ (?:to \d+ )?days? \(estimate: an earlier copy took \d+(?:\.\d)? % of what the rows took in the database\)$/,
    );
  });

  it('has archived what cost archives then reckons, and cost storage counts', async () => {
    expect((await lab.dbctl('checker', 'retention', 'verify', '--record')).status).toBe(0);
    expect((await lab.dbctl('archiver', 'retention', 'run', '--yes')).status).toBe(0);
    const { status, items } = await lab.dbctl('checker', 'cost', 'archives');
    expect(status).toBe(0);
    expect(items).toMatchObject([
      {
        object: JANUARY,
        destination: 'cold',
        rows: OLD_ROWS,
        minimumDays: 30,
        removedAt: expect.any(String) as unknown,
        putCost: '0.003000',
      },
      { object: FEBRUARY, destination: 'cold', removedAt: null },
    ]);
    const sessions = await lab.dbctl('checker', 'cost', 'sessions');
    expect([sessions.status, sessions.error?.message]).toEqual([2, 'dbctl.yaml names no table that knows what sessions cost']);
    const { items: tables } = await lab.dbctl('checker', 'cost', 'storage');
    const cold = await number('select sum(cold_bytes) from dbctl.archive_segment');
    expect(tables.find(({ object }) => object === 'app.log')).toMatchObject({
      partitions: 2,
      copies: 2,
      coldBytes: Number(cold),
    });
  });
});
