import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCases, type CheckCase } from '../../../src/ops/verify/cases/case-file.ts';
import { differences } from '../../../src/ops/verify/cases/differences.ts';
import { playCase } from '../../../src/ops/verify/cases/play.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { startServer, type TestServer, type TestServerFiles } from '../../support/server.ts';
import { onServer } from '../../support/connection.ts';
import { Authority, hasOpenssl } from '../runtime/support.ts';
import { guard } from './guarded.ts';
import { GOOD_SETTINGS, inputsOf, makeOdd, ODD_SETTINGS, SERVERS, sessionOver, TLS_SETTINGS, withClient } from './support.ts';

/** The database all cases run in, unless they ask for one of their own (OWN). Servers of our own: checks of scope cluster see all roles and databases. */
const SHARED = 'checks';
const OWN = 'checks_own';

const folder = fileURLToPath(new URL('../../checks/', import.meta.url));
const checks = await loadChecks([builtInFolder()]);
const cases = new Map(checks.map(({ id }) => [id, casesOf(`${folder}${id}.sql`)]));

function casesOf(file: string): CheckCase[] {
  return existsSync(file) ? parseCases(file, readFileSync(file, 'utf8'), SERVERS) : [];
}

const SETTINGS = { plain: GOOD_SETTINGS, odd: ODD_SETTINGS, guarded: {}, tls: TLS_SETTINGS };
/** openssl makes the certificate of the one that encrypts. */
const KINDS = SERVERS.filter((kind) => kind !== 'tls' || hasOpenssl);
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
    // What cannot be seen is the whole check, or one object of it.
    const kinds = new Set(
      (cases.get(check.id) ?? []).map(({ expect: wanted }) =>
        wanted.kind === 'found' && wanted.objects.every((object) => object.endsWith(' (unknown)')) ? 'unknown' : wanted.kind,
      ),
    );
    expect([...kinds].toSorted(), `test/checks/${check.id}.sql`).toEqual(['found', 'none', 'unknown']);
  });

  it.for(cases.get(check.id) ?? [])('$words', async (story, { skip }) => {
    skip(story.server === 'tls' && !hasOpenssl, 'openssl is missing, which makes the certificate');
    await onDatabase(story, async (client) => {
      const played = await playCase({ ...(await sessionOver(client)), ...story.connection }, check, story, inputsOf(story));
      expect(differences(story, played), `test/checks/${check.id}.sql:${story.line}`).toEqual([]);
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
