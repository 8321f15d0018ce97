import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillFix } from '../../../src/ops/verify/fix.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { isSilent, type Outcome } from '../../../src/ops/verify/outcome.ts';
import { startServer, type TestServer, type TestServerFiles } from '../../support/server.ts';
import { onServer } from '../../support/connection.ts';
import { readCases, type CheckCase } from './case-file.ts';
import { Authority, hasOpenssl } from '../runtime/support.ts';
import { guard } from './guarded.ts';
import { GOOD_SETTINGS, makeOdd, ODD_SETTINGS, play, TLS_SETTINGS, withClient } from './support.ts';

/** The database all cases run in, unless they ask for one of their own (OWN). Servers of our own: checks of scope cluster see all roles and databases. */
const SHARED = 'checks';
const OWN = 'checks_own';

const folder = fileURLToPath(new URL('../../checks/', import.meta.url));
const checks = await loadChecks([builtInFolder()]);
const cases = new Map(checks.map(({ id }) => [id, existsSync(`${folder}${id}.sql`) ? readCases(`${folder}${id}.sql`) : []]));

const SETTINGS = { plain: GOOD_SETTINGS, odd: ODD_SETTINGS, guarded: {}, tls: TLS_SETTINGS };
/** openssl makes the certificate of the one that encrypts. */
const KINDS = (['plain', 'odd', 'guarded', 'tls'] as const).filter((kind) => kind !== 'tls' || hasOpenssl);
const servers = new Map<CheckCase['server'], TestServer>();

beforeAll(async () => {
  for (const kind of KINDS) {
    const server = await startServer({
      settings: SETTINGS[kind],
      prepare: async (files) => (kind === 'tls' ? giveCertificate(files) : undefined),
    });
    servers.set(kind, server);
    await onServer(server.url(), `create database ${SHARED} template template0`);
    if (kind === 'odd') await makeOdd(server.url());
    if (kind === 'guarded') await guard(server.url(SHARED), server.target(SHARED));
  }
});

afterAll(async () => {
  for (const server of servers.values()) await server.stop();
});

describe.each(checks)('$id', (check) => {
  it('has a failing, a passing and a not visible case', () => {
    const kinds = new Set((cases.get(check.id) ?? []).map(({ expect: { kind } }) => kind));
    expect([...kinds].toSorted(), `test/checks/${check.id}.sql`).toEqual(['found', 'none', 'unknown']);
  });

  it.each(cases.get(check.id) ?? [])('$words', async (story) => {
    if (story.server === 'tls' && !hasOpenssl) return;
    await onDatabase(story, async (client) => {
      const { outcome, afterwards } = await play(client, check, story, fixesOf);
      expect(inWords(outcome), `test/checks/${check.id}.sql:${story.line}`).toEqual(
        story.expect.kind === 'found' ? [...story.expect.objects].toSorted() : story.expect.kind,
      );
      if (story.fix !== null) expect(fixesOf(outcome)[0]).toBe(story.fix);
      if (story.expect.kind === 'unknown')
        expect(story.fix, 'an unknown outcome names the statement that would show it').not.toBeNull();
      if (story.then === 'fixed') expect(inWords(afterwards as Outcome), 'once its fixes were run').toBe('none');
      if (outcome.kind !== 'found') return;
      const [first] = outcome.findings;
      if (story.says !== null) expect(first?.detail).toContain(story.says);
      if (story.severity !== null) expect(first?.data['severity']).toBe(story.severity);
      expect(new Set(outcome.findings.map(({ object }) => object)).size, 'objects of one check are its identity').toBe(
        outcome.findings.length,
      );
      for (const { detail } of outcome.findings)
        expect(detail, 'a message starts in lower case or with a name, and has no final stop').not.toMatch(/^$|\.$/);
      for (const fix of fixesOf(outcome))
        expect(fix, 'every name of the fix comes from data').not.toMatch(/\{[a-z_]+(:[a-z]*)?\}/);
    });
  });
});

it('has no cases for a check that is gone', () => {
  const orphans = readdirSync(folder).filter((name) => !cases.has(basename(name, '.sql')));
  expect(orphans).toEqual([]);
});

async function giveCertificate(files: TestServerFiles): Promise<void> {
  const { cert, key } = new Authority(files.folder).selfSigned('server');
  await files.give(join(files.data, 'server.crt'), readFileSync(cert));
  await files.give(join(files.data, 'server.key'), readFileSync(key));
}

/** pg_hba_file_rules shows the file as it is, loaded or not. */
async function withHba<T>(lines: string | null, server: TestServer, use: () => Promise<T>): Promise<T> {
  if (lines === null) return use();
  const file = join(server.data, 'pg_hba.conf');
  const before = readFileSync(file);
  await server.give(file, `${lines}\n`);
  try {
    return await use();
  } finally {
    await server.give(file, before);
  }
}

async function onDatabase(story: CheckCase, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const server = servers.get(story.server) as TestServer;
  if (story.database === null) return withHba(story.hba, server, () => withClient(server.url(SHARED), use));
  await onServer(server.url(), `create database ${OWN} template template0 ${story.database}`);
  try {
    await withClient(server.url(OWN), use);
  } finally {
    await onServer(server.url(), `drop database ${OWN}`);
  }
}

function inWords(outcome: Outcome): string | string[] {
  switch (outcome.kind) {
    case 'pass':
      return 'none';
    case 'found':
      // A row that accuses nothing says so behind its object.
      return outcome.findings
        .map((finding) => (isSilent(finding) ? `${finding.object} (${finding.data['status'] as string})` : finding.object))
        .toSorted();
    case 'unknown':
      // A query that fails is unknown as well, and never what a case means.
      return outcome.sqlstate === undefined ? 'unknown' : `failed: ${outcome.reason}`;
    case 'skipped':
      return `skipped: ${outcome.reason}`;
  }
}

function fixesOf(outcome: Outcome): readonly string[] {
  if (outcome.kind === 'found') return outcome.findings.map(({ data }) => fillFix(outcome.check.fix, data));
  return outcome.kind === 'unknown' && outcome.fix !== null ? [outcome.fix] : [];
}
