import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDone, startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';

/** What the runbooks about roles tell people to type, typed in their order on the reference project. */
let lab: ReferenceLab;
beforeAll(async () => {
  lab = await startReferenceLab();
  await expectDone(lab, ['ledger', 'key', '.dbctl/ledger.key']);
  await expectDone(lab, ['ledger', 'checkpoint']);
  await lab.as(undefined, (client) => client.query('create role ann login'));
});
afterAll(() => lab.stop());

interface Block {
  readonly kind: string;
  readonly text: string;
}

function blocksOf(name: string): Block[] {
  const text = readFileSync(fileURLToPath(new URL(`../../../runbooks/${name}`, import.meta.url)), 'utf8');
  return [...text.matchAll(/^\s*```(sh|sql|yaml)\n([^]*?)^\s*```$/gm)].map(([, kind = '', body = '']) => ({ kind, text: body }));
}

/** Words of a line, in the environment of the test, and without waiting for an hour or for an answer. */
const wordsOf = (line: string): string[] =>
  (line.match(/(?:"[^"]*"|\S)+/g) ?? [])
    .slice(1)
    .map((word) => word.replaceAll('"', ''))
    .join('\0')
    .replace('--env\0prod', '')
    .replace('--env\0ci', '')
    .split('\0')
    .filter((word) => word !== '');

async function type(line: string): Promise<void> {
  const words = wordsOf(line);
  const [, act] = words;
  if (act === 'return' && !words.includes('--overdue')) words[2] = await openLoan();
  const asked = ['lend', 'return', 'apply', 'passwords'].includes(act ?? '') ? ['--yes'] : [];
  const report = await lab.dbctl([...words, ...asked, ...(act === 'lend' ? ['--detach'] : [])]);
  expect(report.error, line).toBeNull();
  // A plan with steps is an answer, too; an audit finds what the runbook itself did, and nothing else.
  const failing = report.items
    .filter(({ status, severity }) => status === 'fail' && !['low', 'info'].includes(severity))
    .map(({ object }) => object);
  expect(failing).toEqual([]);
  expect(report.status, line).toBe(act === 'plan' && report.items.length > 0 ? 1 : 0);
}

const openLoan = async (): Promise<string> => JSON.stringify((await lab.dbctl(['roles', 'loans', '--open'])).items[0]?.['loan']);

describe.each(['break-glass.md', 'access-review.md', 'new-app.md', 'rotate-password.md', 'leaked-credential.md'])(
  '%s',
  (name) => {
    test('every line of it works', async () => {
      // Each begins with none: a password is never written over another one.
      rmSync(join(lab.project, 'secrets'), { recursive: true, force: true });
      writeFileSync(join(lab.project, 'minutes.md'), 'All as it should be.\n');
      const blocks = blocksOf(name);
      expect(blocks.length).toBeGreaterThan(0);
      for (const { kind, text } of blocks) {
        if (kind === 'sql') await lab.as(undefined, (client) => client.query(text));
        if (kind === 'yaml') {
          const file = join(lab.project, 'roles.yaml');
          writeFileSync(file, readFileSync(file, 'utf8').replace(/^  readonly:$/m, `${text}\n  readonly:`));
        }
        for (const line of kind === 'sh' ? text.split('\n') : []) {
          if (line.startsWith('mkdir ')) execFileSync('sh', ['-c', line], { cwd: lab.project });
          if (line.startsWith('dbctl ')) await type(line);
        }
      }
    });
  },
);

test('nothing is left of them', async () => {
  const plan = await lab.dbctl(['roles', 'plan']);
  expect(plan.items.map(({ message }) => message)).toEqual([]);
  expect((await lab.dbctl(['roles', 'loans', '--open'])).items).toEqual([]);
});
