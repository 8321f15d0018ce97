import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { DbctlError } from '../../../core/errors.ts';
import { item, type Item } from '../../../core/report.ts';
import { ident } from '../../../db/ident.ts';
import { withSession, type Session } from '../../../db/session.ts';
import type { ThrowAwayServer } from '../../server/throw-away.ts';
import type { Check } from '../check.ts';
import type { RunInputs } from '../run.ts';
import { parseCases, type CheckCase } from './case-file.ts';
import { differences } from './differences.ts';
import { playCase } from './play.ts';
import { casesFile } from './scaffold.ts';

/** A check of the project with its cases. */
export interface CasedCheck {
  readonly check: Check;
  /** As it is shown. */
  readonly file: string;
  readonly cases: readonly CheckCase[];
}

/** Reads the cases of every check that has some. Fails with config.invalid for what is no case. */
export async function readCases(checks: readonly Check[], folder: string, cwd: string): Promise<CasedCheck[]> {
  return Promise.all(
    checks.map(async (check) => {
      const path = casesFile(folder, check.id);
      const file = relative(cwd, path);
      const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
        if ((thrown as { code?: string }).code === 'ENOENT') return '';
        throw thrown;
      });
      return { check, file, cases: parseCases(file, text) };
    }),
  );
}

/** Files of cases whose check is gone: they look like tests, and are none. */
export async function orphans(ids: readonly string[], folder: string, cwd: string): Promise<Item[]> {
  const names = await readdir(dirname(casesFile(folder, 'x'))).catch(() => []);
  return names
    .filter((name) => name.endsWith('.sql') && !ids.includes(basename(name, '.sql')))
    .map((name) => {
      const path = relative(cwd, join(dirname(casesFile(folder, 'x')), name));
      return item({
        id: basename(name, '.sql'),
        object: path,
        status: 'fail',
        severity: 'high',
        message: 'there is no check of this name: its cases are never run',
        fix: `remove or rename ${path}`,
      });
    });
}

/** Every check has shown that it can find something, can pass, and says so when it cannot look. */
export function missingKinds({ check, file, cases }: CasedCheck): Item[] {
  const wanted = [
    ['found', 'finds something: a check that was never seen failing may not be able to'],
    ['none', 'passes: a check that never passes is switched off by the second person who meets it'],
    ['unknown', 'cannot look (as: plain): what is hidden from a role must not pass'],
  ] as const;
  return wanted
    .filter(([kind]) => !cases.some(({ expect }) => expect.kind === kind))
    .map(([, words]) =>
      item({
        id: check.id,
        object: file,
        status: 'fail',
        severity: 'high',
        message: `no case in which it ${words}`,
        fix: `add a case to ${file}`,
      }),
    );
}

const SHARED = 'checks';
const OWN = 'checks_own';

/** Plays every case on the server; an item each, in order. */
export async function runCases(server: ThrowAwayServer, checks: readonly CasedCheck[], inputs: RunInputs): Promise<Item[]> {
  const admin = (sql: string) => withSession(server.target(), { access: 'write' }, (session) => session.script(sql));
  await admin(`create database ${ident(SHARED)} template template0`);
  const items: Item[] = [];
  for (const { check, file, cases } of checks) {
    for (const story of cases) {
      inputs.signal?.throwIfAborted();
      const said = await inDatabase(server, story, admin, (session) => told(session, check, story, inputs));
      items.push(caseItem(check, file, story, said));
    }
  }
  return items;
}

async function inDatabase<T>(
  server: ThrowAwayServer,
  { database }: CheckCase,
  admin: (sql: string) => Promise<unknown>,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  if (database === null) return withSession(server.target(SHARED), { access: 'write' }, use);
  await admin(`create database ${ident(OWN)} template template0 ${database}`);
  try {
    return await withSession(server.target(OWN), { access: 'write' }, use);
  } finally {
    await admin(`drop database ${ident(OWN)}`);
  }
}

/** A setup or a fix that fails is what came of the case, not the end of the run. */
async function told(session: Session, check: Check, story: CheckCase, inputs: RunInputs): Promise<readonly string[]> {
  const now = story.now;
  const own: RunInputs = {
    ...inputs,
    policy: { ...inputs.policy, ...story.policy },
    advisories: { ...inputs.advisories, ...story.advisories },
    ...(now === null ? {} : { clock: () => new Date(now) }),
  };
  try {
    return differences(story, await playCase(session, check, story, own));
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.sqlstate === undefined) throw thrown;
    return [`its setup or a fix failed: ${thrown.message}`];
  }
}

function caseItem(check: Check, file: string, { words, line }: CheckCase, said: readonly string[]): Item {
  const base = { id: check.id, object: `${file}:${line}`, severity: 'high', title: words } as const;
  if (said.length === 0) return item({ ...base, status: 'pass', message: words });
  return item({
    ...base,
    status: 'fail',
    message: `${words}: ${said.join('; ')}`,
    detail: { file, line, differences: [...said] },
  });
}
