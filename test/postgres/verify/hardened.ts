import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentProgress } from '../../../src/core/progress.ts';
import { parseOsRelease } from '../../../src/ops/tools/advice.ts';
import { cacheFolder } from '../../../src/ops/tools/cache-folder.ts';
import { bringPackages } from '../../../src/ops/tools/debian.ts';
import { clientTools } from '../../support/tools.ts';
import { expectDone, startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';
import { Authority } from '../runtime/support.ts';
import { GOOD_SETTINGS } from './support.ts';

/** Who may come in how: no trust, no password in the clear, nobody from afar without TLS, superusers from this machine alone. */
const HBA = [
  'local   all all                        scram-sha-256',
  'hostssl all postgres 127.0.0.1/32      scram-sha-256',
  'host    all postgres all               reject',
  'hostssl lab all      127.0.0.1/32      scram-sha-256',
];

/** What no profile leaves open, on top of GOOD_SETTINGS. */
const SETTINGS = {
  ...GOOD_SETTINGS,
  shared_preload_libraries: 'pg_stat_statements, pgaudit',
  'pgaudit.log': 'ddl, role',
  ssl: 'on',
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
  ssl_min_protocol_version: 'TLSv1.2',
  unix_socket_permissions: '0770',
  wal_level: 'replica',
  max_slot_wal_keep_size: '1GB',
  idle_in_transaction_session_timeout: '5min',
  reserved_connections: '3',
};

/**
 * The reference project as a careful team runs it: the newest release with pgaudit, TLS with a certificate that is checked, a closed
 * pg_hba.conf, its migrations, guards and roles applied, a backup made and restored. The programs are those `dbctl tools install` brings.
 */
export async function startHardened(): Promise<ReferenceLab> {
  const [programs] = await Promise.all([programsWithPgaudit(), clientTools()]);
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-hardened-'));
  const authority = new Authority(folder);
  const certificate = authority.issue('server', ['IP:127.0.0.1'], 'server', 90);
  const lab = await startReferenceLab({
    programs,
    durable: true,
    settings: SETTINGS,
    parameters: () => ({ sslmode: 'verify-full', sslrootcert: authority.cert }),
    async prepare(files) {
      const { data } = files;
      await files.give(join(data, 'server.crt'), readFileSync(certificate.cert));
      await files.give(join(data, 'server.key'), readFileSync(certificate.key));
      await files.give(join(data, 'pg_hba.conf'), `${HBA.join('\n')}\n`);
    },
  });
  const config = join(lab.project, 'dbctl.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('verify:\n', 'verify:\n  allow: { libraries: [pgaudit] }\n'));
  await expectDone(lab, ['ledger', 'key', '.dbctl/ledger.key']);
  await expectDone(lab, ['backup', 'create'], 'backup');
  await expectDone(lab, ['backup', 'drill']);
  return {
    ...lab,
    async stop() {
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian's newest server with pgaudit, brought once into the cache, beside the system. */
export async function programsWithPgaudit(): Promise<string> {
  const cache = cacheFolder({ variables: process.env, home: homedir(), uid: process.getuid?.() });
  const folder = join(cache, 'tests', 'server-18-pgaudit');
  const bin = join('usr', 'lib', 'postgresql', '18', 'bin');
  if (!existsSync(join(folder, bin, 'postgres'))) {
    const release = parseOsRelease(readFileSync('/etc/os-release', 'utf8'));
    const packages = ['postgresql-18', 'postgresql-18-pgaudit'] as const;
    await bringPackages({ packages, folder, bin, release, progress: silentProgress, signal: AbortSignal.timeout(120_000) });
  }
  return join(folder, bin);
}
