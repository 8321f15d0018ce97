import { readFileSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/ops/process/program.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { parseOsRelease } from '../../src/ops/tools/advice.ts';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';
import { bringPackages } from '../../src/ops/tools/debian.ts';
import type { TestServer } from '../../test/support/server.ts';

/** Knows PostgreSQL 18. */
const OLDEST = 257;

/** The program: `PGBACKREST`, that of PATH, or the package of Debian, brought beside the system. A sentence where there is none. */
export async function findPgBackRest(): Promise<{ readonly path: string } | { readonly absent: string }> {
  const folder = join(
    cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() }),
    'tools',
    'pgbackrest',
  );
  const brought = join(folder, 'usr', 'bin', 'pgbackrest');
  for (const path of [process.env['PGBACKREST'] ?? 'pgbackrest', brought]) if (await knows18(path)) return { path };
  try {
    await bringPackages({
      // The suite that has PostgreSQL 18 has a pgBackRest that knows it.
      packages: ['postgresql-client-18', 'pgbackrest'],
      folder,
      bin: 'usr/bin',
      release: parseOsRelease(readFileSync('/etc/os-release', 'utf8')),
      progress: silentProgress,
      signal: AbortSignal.timeout(180_000),
    });
    return (await knows18(brought)) ? { path: brought } : { absent: 'the package brought a pgBackRest older than PostgreSQL 18' };
  } catch (thrown) {
    return { absent: (thrown as Error).message };
  }
}

async function knows18(path: string): Promise<boolean> {
  const said = await runProgram({ file: path, args: ['version'] }).catch(() => null);
  const [, major = '0', minor = '0'] = /pgBackRest (\d+)\.(\d+)/.exec(said?.stdout ?? '') ?? [];
  return Number(major) * 100 + Number(minor) >= OLDEST;
}

/** Takes full backups of a server as its account, uncompressed, with one process, as the others do. */
export async function pgBackRestWay(path: string, server: TestServer, folder: string): Promise<(into: string) => Promise<void>> {
  const { account } = server;
  const own = async (place: string) => {
    if (account !== undefined) await chown(place, account.uid, account.gid);
  };
  await chmod(folder, 0o711);
  const passfile = join(folder, 'pgpass');
  await writeFile(passfile, `*:*:*:*:${server.password}\n`, { mode: 0o600 });
  await own(passfile);
  return async (into) => {
    await mkdir(into, { mode: 0o700 });
    await own(into);
    const config = join(folder, 'pgbackrest.conf');
    await writeFile(
      config,
      `[global]
repo1-path=${into}/repo
lock-path=${into}/lock
log-level-file=off
log-level-console=warn
compress-type=none
process-max=1
start-fast=y
archive-check=n
[bench]
pg1-path=${server.data}
pg1-port=${server.port}
pg1-socket-path=${server.socket}
pg1-user=postgres
`,
    );
    for (const command of ['stanza-create', 'backup']) {
      const ended = await runProgram({
        file: path,
        args: [`--config=${config}`, '--stanza=bench', ...(command === 'backup' ? ['--type=full'] : []), command],
        account,
        variables: { PGPASSFILE: passfile },
      });
      if (ended.status !== 0) throw new Error(`pgbackrest ${command}: ${ended.stdout}${ended.stderr}`);
    }
    await rm(config);
  };
}
