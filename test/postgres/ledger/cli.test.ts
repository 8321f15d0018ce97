import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli, type CliOptions } from '../../support/cli.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { LOG } from './support.ts';

/** The commands as a person runs them, one after the other, in a project of their own. */
let server: TestServer;
let client: pg.Client;
const project = mkdtempSync(join(tmpdir(), 'dbctl-ledger-cli-'));
const verifier = fileURLToPath(new URL('../../../bin/verify-proof.mjs', import.meta.url));

const FOLDERS = `  sinks:
    - { name: one, type: folder, path: notes }
    - { name: two, type: log, path: notes.ndjson }
`;
const configure = (ledger: string) =>
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1\nproject: cli\nenvironments: { dev: { url: { variable: DATABASE_URL } } }\nledger:\n  tables: [public.log]\n${ledger}`,
  );
const dbctl = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, { cwd: project, env: { DATABASE_URL: server.url(), ...options.env }, ...options });
async function report(args: readonly string[], options: CliOptions = {}): Promise<Report & { status: number | null }> {
  const { status, stdout, stderr } = await dbctl([...args, '--format', 'json'], options);
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
}
const insert = async (what: string): Promise<string> => {
  const { rows } = await client.query<{ id: string }>(
    `insert into public.log (what, at) values ($1, '2026-06-01') returning id`,
    [what],
  );
  return rows[0]?.id ?? '';
};

beforeAll(async () => {
  server = await startServer();
  client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  await client.query(LOG);
  configure(`  signer: { name: cli-ledger, key: { file: keys/ledger.key } }\n${FOLDERS}`);
});
afterAll(async () => {
  await client.end();
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

describe('from nothing', () => {
  it('a checkpoint without a key says how to make one', async () => {
    const refused = await report(['ledger', 'checkpoint']);
    expect(refused).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(refused.error?.message).toBe('no key to sign with: keys/ledger.key is not there');
  });

  it('a key is made, for its owner alone, and never over another', async () => {
    const made = await report(['ledger', 'key', 'keys/ledger.key']);
    expect(made.status).toBe(0);
    expect(made.summary['verifierKey']).toMatch(/^cli-ledger\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/);
    expect(statSync(join(project, 'keys/ledger.key')).mode & 0o777).toBe(0o600);
    const again = await report(['ledger', 'key', 'keys/ledger.key']);
    expect(again.status).toBe(5);
    expect(again.error?.message).toMatch(/keys\/ledger\.key is there already$/);
  });

  it('a key others may read is refused, and is not shown', async () => {
    chmodSync(join(project, 'keys/ledger.key'), 0o644);
    const { status, stderr } = await dbctl(['ledger', 'checkpoint']);
    chmodSync(join(project, 'keys/ledger.key'), 0o600);
    expect(status).not.toBe(0);
    expect(stderr).toContain('chmod 600');
    expect(stderr).not.toContain('PRIVATE KEY');
  });

  it('--dry-run tells what would be sealed and where it would go, and does nothing', async () => {
    const planned = await report(['ledger', 'checkpoint', '--dry-run']);
    expect(planned.items.map(({ object, message }) => `${object}: ${message}`)).toEqual([
      'public.log: would be sealed',
      'one: would get the note (folder)',
      'two: would get the note (log)',
    ]);
    const { rows } = await client.query(`select from pg_namespace where nspname = 'dbctl'`);
    expect(rows).toEqual([]);
  });

  it('seals, publishes and verifies', async () => {
    await insert('first');
    const made = await report(['ledger', 'checkpoint']);
    expect(made).toMatchObject({ status: 0, summary: { kind: 'made', sequence: 1, rows: 1, published: 2, unpublished: 0 } });
    expect(readdirSync(join(project, 'notes', '0000000'))).toEqual(['0000000001.note']);
    expect(readFileSync(join(project, 'notes.ndjson'), 'utf8')).toContain('"event":"dbctl.ledger.checkpoint","sequence":1');
    expect(await report(['ledger', 'verify', '--full'])).toMatchObject({ status: 0, summary: { rows: 1, full: true } });
  });
});

describe('a proof', () => {
  let key = '';
  let id = '';
  const proof = join(project, 'proof.json');
  const older = join(project, 'notes', '0000000', '0000000001.note');
  const check = (file: string, ...more: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [verifier, file, '--key', key, ...more], { encoding: 'utf8' });
    return { status, said: (status === 0 ? stdout : stderr).trim().split('\n').at(-1) };
  };
  beforeAll(async () => {
    id = await insert('to be proved');
    for (let n = 0; n < 9; n += 1) await insert(`beside it ${n}`);
    await report(['ledger', 'checkpoint']);
    for (let n = 0; n < 3; n += 1) {
      await insert(`later ${n}`);
      await report(['ledger', 'checkpoint']);
    }
    const { summary } = await report(['ledger', 'key', `keys/other-${Date.now()}.key`, '--name', 'other']);
    expect(summary['verifierKey']).toMatch(/^other\+/);
    const shown = await dbctl([
      'ledger',
      'proof',
      'public.log',
      `id=${id}`,
      'at=2026-06-01',
      '--save',
      proof,
      '--older-note',
      older,
    ]);
    expect(shown).toMatchObject({ status: 0 });
    key = /--key '([^']+)'/.exec(shown.stdout)?.[1] ?? '';
  });

  it('convinces somebody who has Node.js, the verifier key and an old note, and nothing else', () => {
    expect(statSync(proof).mode & 0o777).toBe(0o600);
    expect(check(proof)).toEqual({ status: 0, said: `PROVED     public.log {"id":"${id}","at":"2026-06-01"}` });
    expect(check(proof, '--older-note', older)).toMatchObject({ status: 0 });
  });

  it.each<[string, (bundle: Bundle) => void, string]>([
    ['no row at all', (b) => (b.row.canonical = Buffer.from('other').toString('base64')), 'it is no row of public.log'],
    ['another content', (b) => (b.row.canonical = withLastBitChanged(b.row.canonical)), 'the row is not in its window'],
    ['another place in its window', (b) => (b.window.leafIndex += 1), 'the row is not in its window'],
    ['a hash changed', (b) => (b.window.proof[0] = Buffer.alloc(32).toString('base64')), 'the row is not in its window'],
    ['a hash too many', (b) => b.window.proof.push(Buffer.alloc(32).toString('base64')), 'a proof is too long'],
    ['a hash too few', (b) => b.window.proof.pop(), 'a proof is too short'],
    ['another place in the log', (b) => (b.log.index += 1), 'the window is not in the log'],
    ['another size of the log', (b) => (b.log.size += 1), 'the window is not in the log'],
    ['a note changed', (b) => (b.note = b.note.replace('epoch 1', 'epoch 2')), 'cli-ledger did not sign the note'],
    ['a note without signature', (b) => (b.note = b.note.split('\n\n')[0] ?? ''), 'cli-ledger did not sign the note'],
  ])('with %s is not one', (_name, change, said) => {
    const bundle = JSON.parse(readFileSync(proof, 'utf8')) as Bundle;
    change(bundle);
    const forged = join(project, 'forged.json');
    writeFileSync(forged, JSON.stringify(bundle));
    expect(check(forged)).toEqual({ status: 1, said: `NOT PROVED: ${said}` });
  });

  it('is not believed with another key, nor beside a note of another log', () => {
    const other = join(project, 'other.note');
    writeFileSync(other, readFileSync(older, 'utf8').replace(/^dbctl/, 'elsewhere'));
    expect(check(proof, '--older-note', other)).toMatchObject({ status: 1 });
    const { status } = spawnSync(process.execPath, [verifier, proof, '--key', key.replace('cli-ledger', 'cli-lodger')]);
    expect(status).not.toBe(0);
  });

  it.each<[string, readonly string[], number, string]>([
    [
      'a row that is not there',
      ['public.log', `id=00000000-0000-7000-8000-000000000000`],
      5,
      'public.log has no row id=00000000-0000-7000-8000-000000000000',
    ],
    ['several rows', ['public.log', 'at=2026-06-01'], 5, 'public.log has several rows at=2026-06-01'],
    ['no key', ['public.log', 'id'], 2, 'a key is written column=value, not id'],
    ['a note that is not there', ['public.log', 'id=1', '--older-note', 'nowhere.note'], 2, 'nowhere.note cannot be read'],
  ])('of %s is refused', async (_name, args, status, message) => {
    const refused = await report(['ledger', 'proof', ...args]);
    expect(refused.status).toBe(status);
    expect(refused.error?.message).toContain(message);
  });

  it('of a row that is not sealed yet is refused, and no file is written over', async () => {
    const fresh = await insert('fresh');
    expect((await report(['ledger', 'proof', 'public.log', `id=${fresh}`])).error?.message).toBe('the row is not sealed yet');
    const again = await report(['ledger', 'proof', 'public.log', `id=${id}`, '--save', proof]);
    expect(again.error?.message).toContain('proof.json is there already');
  });
});

function withLastBitChanged(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
  return bytes.toString('base64');
}

interface Bundle {
  row: { canonical: string };
  window: { leafIndex: number; proof: string[] };
  log: { index: number; size: number; proof: string[] };
  note: string;
}

describe('an export', () => {
  it('holds the whole log, as sha256sum confirms, and no row', async () => {
    const made = await report(['ledger', 'export', 'evidence']);
    expect(made.status).toBe(0);
    expect(execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: join(project, 'evidence'), encoding: 'utf8' })).toBe(
      '',
    );
    const lines = (file: string) =>
      readFileSync(join(project, 'evidence', file), 'utf8')
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines('checkpoints.jsonl').map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(lines('windows.jsonl')).toHaveLength(5);
    expect(lines('receipts.jsonl')).toHaveLength(10);
    expect(readFileSync(join(project, 'evidence', 'windows.jsonl'), 'utf8')).not.toContain('to be proved');
    expect((await report(['ledger', 'export', 'evidence'])).error?.message).toContain('evidence is there already');
  });
});

describe('with the rights of dbctl_ledger and no others', () => {
  it('seals and verifies; a reader cannot seal', async () => {
    await client.query(`create role t_sealer login password 'hunter2' in role dbctl_ledger;
      create role t_reader login password 'hunter3' in role dbctl_auditor;
      grant select on public.log to t_sealer, t_reader`);
    const as = (role: string, password: string) => {
      const url = new URL(server.url());
      url.username = role;
      url.password = password;
      return { env: { DATABASE_URL: url.href } };
    };
    await insert('sealed by somebody with few rights');
    const closed = await report(['ledger', 'checkpoint'], as('t_sealer', 'hunter2'));
    expect(closed).toMatchObject({ status: 3, error: { code: 'db.denied', message: 't_sealer may not read public.log_new' } });
    expect(closed.error?.hint).toContain('grant select on public.log_new to t_sealer');
    await client.query('grant select on public.log_new, public.log_old to t_sealer, t_reader');
    expect(await report(['ledger', 'checkpoint'], as('t_sealer', 'hunter2'))).toMatchObject({
      status: 0,
      summary: { kind: 'made' },
    });
    expect(await report(['ledger', 'verify', '--full'], as('t_reader', 'hunter3'))).toMatchObject({ status: 0 });
    await insert('not by a reader');
    const refused = await report(['ledger', 'checkpoint'], as('t_reader', 'hunter3'));
    expect(refused).toMatchObject({ ok: false, error: { code: 'db.denied' } });
    // Rows hidden by a policy would make another hash, and that would be called tampering.
    await client.query(`alter table public.log_new enable row level security`);
    const hidden = await report(['ledger', 'verify', '--full'], as('t_reader', 'hunter3'));
    expect(hidden).toMatchObject({ status: 3, error: { code: 'db.denied' } });
    expect(hidden.error?.message).toBe('query would be affected by row-level security policy for table "log_new"');
    await client.query(`alter table public.log_new disable row level security`);
    await client.query('drop owned by t_sealer, t_reader; drop role t_sealer, t_reader');
  });
});

describe('killed', () => {
  const gate = join(project, 'gate');
  const remote = join(project, 'remote.git');
  beforeAll(async () => {
    const { summary } = await report(['ledger', 'checkpoint']);
    expect(summary['sequence']).toBeGreaterThan(5);
    // A signer that waits for a file, as a smart card waits for a finger; and a remote that waits in its hook.
    writeFileSync(
      join(project, 'sign.mjs'),
      `import { createPrivateKey, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
const message = readFileSync(0);
for (let n = 0; n < 400 && !existsSync(${JSON.stringify(gate)}); n += 1) await new Promise((go) => setTimeout(go, 25));
process.stdout.write(sign(null, message, createPrivateKey(readFileSync('keys/ledger.key'))).toString('base64'));
`,
    );
    execFileSync('git', ['init', '--quiet', project]);
    execFileSync('git', ['init', '--quiet', '--bare', remote]);
    execFileSync('git', ['-C', project, 'remote', 'add', 'evidence', remote]);
    mkdirSync(join(remote, 'hooks'), { recursive: true });
    writeFileSync(
      join(remote, 'hooks', 'pre-receive'),
      `#!/bin/sh\nn=0; while [ ! -e '${gate}' ] && [ $n -lt 400 ]; do sleep 0.025; n=$((n + 1)); done\n`,
      { mode: 0o755 },
    );
    const key = /--key '([^']+)'/.exec(
      (await dbctl(['ledger', 'proof', 'public.log', `id=${await first()}`, '--save', 'p.json'])).stdout,
    )?.[1];
    configure(`  signer: { name: cli-ledger, key: { command: [${JSON.stringify(process.execPath)}, sign.mjs] } }
  public_keys: ["${key}"]
${FOLDERS}    - { name: three, type: git, repository: ., branch: ledger, remote: evidence }
`);
  });
  const first = async () =>
    (await client.query<{ id: string }>('select id from public.log order by id limit 1')).rows[0]?.id ?? '';
  const state = async () =>
    (
      await client.query<{ checkpoints: number; receipts: number }>(
        `select (select count(*)::int from dbctl.ledger_checkpoint) as checkpoints,
                (select count(*)::int from dbctl.ledger_receipt where sink = 'three') as receipts`,
      )
    ).rows[0];

  it('while the key is asked: nothing is kept, and the next run seals it', async () => {
    const before = await state();
    await insert('signed later');
    expect((await dbctl(['ledger', 'checkpoint'], { timeoutMs: 2_500 })).status).toBeNull();
    expect(await state()).toEqual(before);
    writeFileSync(gate, '');
    expect(await report(['ledger', 'checkpoint'])).toMatchObject({ status: 0, summary: { kind: 'made', rows: 1 } });
    expect(await report(['ledger', 'verify', '--full'])).toMatchObject({ status: 0 });
  });

  it('between the commit and a sink: the note is published by the next run', async () => {
    await insert('published later');
    writeFileSync(join(project, 'sign.mjs'), readFileSync(join(project, 'sign.mjs'), 'utf8').replace(/^for .*$/m, ''));
    rmSync(gate);
    const before = await state();
    expect((await dbctl(['ledger', 'checkpoint'], { timeoutMs: 4_000 })).status).toBeNull();
    expect(await state()).toEqual({ checkpoints: (before?.checkpoints ?? 0) + 1, receipts: before?.receipts });
    writeFileSync(gate, '');
    const next = await report(['ledger', 'checkpoint']);
    expect(next).toMatchObject({ status: 0, summary: { kind: 'unchanged', unpublished: 0 } });
    const after = await state();
    expect(after?.receipts).toBe(after?.checkpoints);
    expect(await report(['ledger', 'verify', '--full'])).toMatchObject({ status: 0 });
  });

  it('at any moment, again and again, under load: what is there is right', async () => {
    configure(`  signer: { name: cli-ledger, key: { file: keys/ledger.key } }\n${FOLDERS}`);
    const stop = new AbortController();
    const writing = (async () => {
      let written = 0;
      while (!stop.signal.aborted) {
        await insert(`row ${written}`);
        written += 1;
      }
      return written;
    })();
    const ends: (number | null)[] = [];
    for (let round = 0; round < 16; round += 1) {
      ends.push((await dbctl(['ledger', 'checkpoint'], { timeoutMs: 250 + round * 20 })).status);
    }
    stop.abort();
    expect(await writing).toBeGreaterThan(100);
    expect(ends).toContain(null);
    await report(['ledger', 'checkpoint']);
    const verified = await report(['ledger', 'verify', '--full']);
    expect(verified.items.filter(({ status }) => status === 'fail')).toEqual([]);
    const { rows } = await client.query(
      'select (select count(*)::int from public.log) as rows, (select sum(rows)::int from dbctl.ledger_window) as sealed',
    );
    expect(rows[0]).toMatchObject({ sealed: (rows[0] as { rows: number }).rows });
    expect(existsSync(join(project, 'notes'))).toBe(true);
  });
});

describe('--watch', () => {
  it('goes on at its interval, over a restart of the server, and ends in peace', async () => {
    configure(`  interval: 200ms\n  signer: { name: cli-ledger, key: { file: keys/ledger.key } }\n${FOLDERS}`);
    const stop = new AbortController();
    const running = dbctl(['ledger', 'checkpoint', '--watch', '--log-level', 'info', '--log-format', 'json'], {
      signal: stop.signal,
    });
    const sealed = async () =>
      (await client.query<{ rows: number }>('select coalesce(sum(rows), 0)::int as rows from dbctl.ledger_window')).rows[0]
        ?.rows ?? 0;
    const grows = async (from: number) => expect.poll(sealed, { timeout: 15_000 }).toBeGreaterThan(from);
    const before = await sealed();
    await insert('watched');
    await grows(before);
    client.on('error', () => {});
    await client.end().catch(() => {});
    await server.halt();
    await new Promise((go) => setTimeout(go, 500));
    await server.start();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    const between = await sealed();
    await insert('after the restart');
    await grows(between);
    stop.abort();
    const { status, stderr } = await running;
    expect(status).toBe(0);
    const lines = stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { level: string; code?: string });
    expect(lines.some(({ code }) => code === 'db.unreachable')).toBe(true);
  });
});
