import { DbctlError, fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { connect } from '../../runtime/connection/connect.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';

/** What a base backup depends on, as the server shows it. */
export interface BaseBackupFacts {
  readonly user: string;
  /** Of the role: the attribute, or that it is a superuser. */
  readonly mayReplicate: boolean;
  /** From where the server sees us; null: through its socket. */
  readonly clientAddress: string | null;
  readonly serverVersion: number;
  readonly walLevel: string;
  readonly maxWalSenders: number;
  readonly walSenders: number;
  /** Null: the server is older than the setting. */
  readonly summarizeWal: string | null;
  /** The login for replication was refused by pg_hba.conf. */
  readonly noHbaLine: boolean;
}

/** One thing that is missing, and the act that mends it. */
export interface Missing {
  readonly code: 'db.denied' | 'db.version' | 'refused';
  readonly what: string;
  readonly fix: string;
}

/** All that stands between this server and a base backup. Pure. */
export function missingFor(facts: BaseBackupFacts, incremental: boolean): Missing[] {
  const { user, clientAddress, walSenders, maxWalSenders, walLevel } = facts;
  const missing: Missing[] = [];
  const add = (one: Missing) => missing.push(one);
  if (!facts.mayReplicate)
    add({ code: 'db.denied', what: `${user} lacks the attribute REPLICATION`, fix: `alter role ${user} replication;` });
  if (facts.noHbaLine) {
    const line =
      clientAddress === null
        ? `local replication ${user} peer`
        : `host replication ${user} ${clientAddress}/${clientAddress.includes(':') ? 128 : 32} scram-sha-256`;
    add({
      code: 'db.denied',
      what: 'pg_hba.conf has no line for replication',
      fix: `add to pg_hba.conf the line "${line}", then select pg_reload_conf();`,
    });
  }
  if (walLevel === 'minimal')
    add({
      code: 'refused',
      what: 'wal_level is minimal',
      fix: `alter system set wal_level = 'replica', then restart the server;`,
    });
  if (walSenders >= maxWalSenders) {
    const taken = maxWalSenders === 0 ? 'max_wal_senders is 0' : `all ${maxWalSenders} places of max_wal_senders are taken`;
    add({
      code: 'refused',
      what: taken,
      fix: `alter system set max_wal_senders = ${maxWalSenders + 10}, then restart the server;`,
    });
  }
  if (incremental && facts.serverVersion < 170_000)
    add({ code: 'db.version', what: 'incremental backups need PostgreSQL 17', fix: 'leave --incremental out;' });
  if (incremental && facts.summarizeWal === 'off')
    add({
      code: 'refused',
      what: 'summarize_wal is off',
      fix: 'alter system set summarize_wal = on, then select pg_reload_conf(), and take a full backup first;',
    });
  return missing;
}

/**
 * Fails with db.denied, db.version or refused, naming in one go all that is missing for a base backup and the act that mends each. The
 * login for replication is tried, since nobody but a superuser may read the rules of pg_hba.conf.
 */
export async function requireBaseBackup(
  session: Session,
  target: ConnectionTarget,
  { incremental, signal }: { readonly incremental: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const [row] = await session.rows<Omit<BaseBackupFacts, 'serverVersion' | 'noHbaLine'>>(FACTS);
  if (row === undefined) throw new Error('a session is always on a server');
  const refusal = await refusedLogin(target, signal);
  const facts = { ...row, serverVersion: session.serverVersion, noHbaLine: refusal?.sqlstate === '28000' };
  const missing = missingFor(facts, incremental);
  const [first] = missing;
  if (first !== undefined) {
    fail(first.code, `no base backup can be taken: ${missing.map(({ what }) => what).join('; ')}`, {
      hint: `${missing
        .map(({ fix }) => capital(fix))
        .join(' ')
        .replace(/;$/, '')}.`,
    });
  }
  if (refusal !== null) throw refusal;
}

/** What the server says to a login for replication; null: it takes it. */
async function refusedLogin(target: ConnectionTarget, signal: AbortSignal): Promise<DbctlError | null> {
  try {
    const client = await connect(target, { applicationName: 'dbctl backup', replication: true, signal });
    await client.end();
    return null;
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code !== 'interrupted') return thrown;
    throw thrown;
  }
}

const capital = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}`;

const FACTS = /* sql */ `
select r.rolname::pg_catalog.text as user,
       r.rolreplication or r.rolsuper as "mayReplicate",
       pg_catalog.host(pg_catalog.inet_client_addr()) as "clientAddress",
       pg_catalog.current_setting('wal_level') as "walLevel",
       pg_catalog.current_setting('max_wal_senders')::pg_catalog.int4 as "maxWalSenders",
       (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_stat_replication) as "walSenders",
       pg_catalog.current_setting('summarize_wal', true) as "summarizeWal"
from pg_catalog.pg_roles r
where r.rolname = session_user`;
