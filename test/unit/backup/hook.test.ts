import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runHook } from '../../../src/ops/notice/hook.ts';
import { expectGone } from '../../support/alive.ts';

/** Real programs, as somebody writes them who did not think of us. */
const folder = mkdtempSync(join(tmpdir(), 'dbctl-hook-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (script: string, more: { readonly patienceMs?: number; readonly signal?: AbortSignal } = {}) =>
  runHook(
    { command: ['/bin/sh', '-c', script], variables: { WORD: 'said' } },
    { variables: { PATH: process.env['PATH'], PGPASSWORD: 'canary' }, signal: new AbortController().signal, ...more },
  );

async function secondsOf(act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await act();
  return (performance.now() - begun) / 1000;
}

describe('a hook', () => {
  it('that leaves something running in the background has ended when it has ended', async () => {
    expect(await secondsOf(() => run('sleep 20 & exit 0'))).toBeLessThan(5);
    await expect(run('sleep 20 & echo no disk >&2; exit 3')).rejects.toThrow('the hook /bin/sh ended with 3: no disk');
  });

  it.each([
    ['waits for what it started', 'sleep 30; true'],
    ['takes no notice of SIGTERM', "trap '' TERM; while :; do sleep 1; done"],
  ])('that hangs is ended after the patience, with what it started: one that %s', async (_name, script) => {
    const seen = join(folder, `pid-${script.length}`);
    const begun = performance.now();
    await expect(run(`echo $$ > ${seen}; ${script}`, { patienceMs: 500 })).rejects.toMatchObject({
      code: 'refused',
      message: 'the hook /bin/sh took more than 0.5 s',
    });
    expect(performance.now() - begun).toBeLessThan(8_000);
    await expectGone(Number(readFileSync(seen, 'utf8')));
  });

  it('that says more than anybody reads takes no memory', async () => {
    const before = process.memoryUsage().rss;
    await run('head -c 300000000 /dev/zero; head -c 100000000 /dev/zero >&2');
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  it('knows PATH and what it is told, and nothing else of ours', async () => {
    const seen = join(folder, 'environment');
    await run(`env > ${seen}`);
    const names = readFileSync(seen, 'utf8')
      .split('\n')
      .flatMap((line) => /^\w+(?==)/.exec(line) ?? []);
    // The shell adds its own.
    const told = new Set(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)));
    expect(told).toEqual(new Set(['LC_ALL', 'PATH', 'TZ', 'WORD']));
  });

  it('ends when the run is stopped', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    expect(await secondsOf(() => expect(run('sleep 30; true', { signal: stop.signal })).rejects.toThrow(/abort/i))).toBeLessThan(
      5,
    );
  });

  it('that is not there is named', async () => {
    writeFileSync(join(folder, 'not-executable'), '');
    for (const [file, code] of [
      ['/nonexistent', 'ENOENT'],
      [join(folder, 'not-executable'), 'EACCES'],
    ] as const)
      await expect(
        runHook({ command: [file], variables: {} }, { variables: {}, signal: new AbortController().signal }),
      ).rejects.toMatchObject({ code: 'refused', message: `the hook ${file} cannot be run: ${code}` });
  });
});
