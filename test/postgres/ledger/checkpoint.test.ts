import { describe, expect, it } from 'vitest';
import { FULL, complaints, ledgerBench } from './support.ts';

const bench = ledgerBench();
const insert = (what: string, at = '2026-06-01') => bench.rows('insert into public.log (what, at) values ($1, $2)', [what, at]);

describe('a checkpoint', () => {
  it('seals the rows that are there, one window a partition, and publishes a note to both sinks', async () => {
    await insert('first');
    await insert('second');
    await insert('old', '2020-01-01');
    const made = await bench.checkpoint();
    expect(made).toMatchObject({ kind: 'made', sequence: 1, epoch: 1, size: 2, windows: 2, rows: 3 });
    expect(made.published).toEqual([
      { sequence: 1, sink: 'one', problem: null },
      { sequence: 1, sink: 'two', problem: null },
    ]);
    const findings = await bench.verify();
    expect(complaints(findings)).toEqual([]);
    expect(findings.map(({ kind, object }) => `${kind} ${object}`).slice(1)).toEqual([
      'sealed one',
      'sealed two',
      'sealed public.log_new',
      'sealed public.log_old',
    ]);
  });

  it('is not made again while nothing happens', async () => {
    const again = await bench.checkpoint();
    expect(again).toMatchObject({ kind: 'unchanged', sequence: 1, windows: 0, rows: 0, published: [] });
  });

  it('leaves rows of open transactions to the next one, and says that they are pending', async () => {
    const other = await bench.connect();
    await other.query('begin');
    await other.query(`insert into public.log (what, at) values ('open', '2026-06-02')`);
    await insert('behind it');
    const made = await bench.checkpoint();
    expect(made.rows).toBe(0);
    const pending = (await bench.verify()).filter(({ kind }) => kind === 'pending');
    expect(pending.map(({ message }) => message)).toEqual(['1 rows wait for the next checkpoint']);
    await other.query('commit');
    expect((await bench.checkpoint()).rows).toBe(2);
    expect(complaints(await bench.verify())).toEqual([]);
  });

  it('reads the same hashes under every setting of the session', async () => {
    const [before] = await bench.rows<{ root: string }>(
      `select encode(root, 'hex') as root from dbctl.ledger_window order by position limit 1`,
    );
    for (const set of [
      `timezone = 'Asia/Tokyo'`,
      `datestyle = 'German, DMY'`,
      `bytea_output = 'escape'`,
      'extra_float_digits = 0',
      `intervalstyle = 'sql_standard'`,
      `lc_numeric = 'C'`,
      'quote_all_identifiers = on',
    ]) {
      await bench.rows(`alter role current_user in database postgres set ${set}`);
      expect(complaints(await bench.verify()), set).toEqual([]);
      await bench.rows(`alter role current_user in database postgres reset all`);
    }
    expect(before?.root).toMatch(/^[0-9a-f]{64}$/);
  });

  it('keeps old windows provable when a column is added', async () => {
    await bench.rows(`alter table public.log add column note text default 'none'`);
    await insert('with note');
    await bench.checkpoint();
    expect(
      await bench.rows('select version, jsonb_array_length(columns) as columns from dbctl.ledger_columns order by 1'),
    ).toEqual([
      { version: 1, columns: 5 },
      { version: 2, columns: 6 },
    ]);
    expect(complaints(await bench.verify(FULL))).toEqual([]);
  });
});
