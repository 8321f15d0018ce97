import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedPrograms } from '../../../src/ops/tools/cache-folder.ts';
import { clientTools } from '../../support/tools.ts';
import { startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';
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
 * The reference project as a careful team runs it: the newest release, TLS with a certificate that is checked, a closed pg_hba.conf, its
 * migrations, guards and roles applied. The programs of 18.6 are those `dbctl tools install` brings.
 */
export async function startHardened(): Promise<ReferenceLab> {
  const { cache } = await clientTools();
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-hardened-'));
  const authority = new Authority(folder);
  const certificate = authority.issue('server', ['IP:127.0.0.1'], 'server', 90);
  const lab = await startReferenceLab({
    programs: cachedPrograms(cache, 18).bin,
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
  return {
    ...lab,
    async stop() {
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
