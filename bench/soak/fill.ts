import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { onServer } from '../../test/support/connection.ts';

/** Rows for every megabyte asked for: a third each of audit log, journal, and documents with large objects. */
const PER_MEGABYTE = { audit: 420, journal: 1_200, documents: 3 };

const TABLES = /* sql */ `
create schema soak;
create table soak.account (id int primary key, balance bigint not null);
create table soak.journal (id bigint generated always as identity, at timestamptz not null, from_id int not null, to_id int not null, facts jsonb not null)
  partition by range (at);
create table soak.journal_old partition of soak.journal for values from (minvalue) to ('2026-07-01');
create table soak.journal_new partition of soak.journal for values from ('2026-07-01') to (maxvalue);
create index on soak.journal (from_id, at);
create table soak.document (id int primary key, body bytea not null, facts jsonb not null) partition by hash (id);
create table soak.document_0 partition of soak.document for values with (modulus 2, remainder 0);
create table soak.document_1 partition of soak.document for values with (modulus 2, remainder 1);
create function soak.touch() returns trigger language plpgsql set search_path = pg_catalog as 'begin return new; end';
create trigger always before insert on soak.journal for each row execute function soak.touch();
alter table soak.journal enable always trigger always;
create trigger replica before update on soak.account for each row execute function soak.touch();
alter table soak.account enable replica trigger replica`;

/** Fills the migrated reference database with some megabytes, before its tables are guarded: months of the past cannot be written afterwards. */
export async function fill(url: string, megabytes: number): Promise<void> {
  const rows = (kind: keyof typeof PER_MEGABYTE) => Math.ceil(megabytes * PER_MEGABYTE[kind]);
  await onServer(
    url,
    TABLES,
    'insert into soak.account select n, 1000 from generate_series(1, 10000) n',
    `insert into audit.audit_log (actor_type, actor_id, action, entity_type, entity_id, context, changes, created_at)
     select 'user', 'user-' || n % 1000, 'lab.verify.done', 'execution.lab_sessions', md5(n::text),
            jsonb_build_object('ip', '10.0.0.' || n % 256, 'session', md5(n::text), 'n', n),
            jsonb_build_array(jsonb_build_object('path', 'status', 'from', 'RUNNING', 'to', md5((n * 7)::text))), now() - n % 60 * interval '1 day'
     from generate_series(1, ${rows('audit')}) n`,
    `insert into soak.journal (at, from_id, to_id, facts)
     select '2026-01-01'::timestamptz + n % 300 * interval '1 day', 1 + n % 10000, 1 + n % 9999,
            jsonb_build_object('note', md5(n::text), 'tags', jsonb_build_array(n % 7, 'transfer'), 'amount', n % 100)
     from generate_series(1, ${rows('journal')}) n`,
    // Hashes do not compress: 100 kB of them each.
    `insert into soak.document
     select n, (select decode(string_agg(md5(n || '/' || m), ''), 'hex') from generate_series(1, 6250) m), jsonb_build_object('n', n)
     from generate_series(1, ${rows('documents')}) n`,
    `select lo_from_bytea(0, string_agg(body, ''::bytea)) from soak.document where id <= ${rows('documents') * 0.4} group by id / 10`,
  );
  // Within a transaction of its own each: vacuum takes no other.
  await onServer(url, 'vacuum analyze', 'checkpoint');
}

const TRANSFER = /* sql */ `
with moved as (update soak.account set balance = balance - 1 where id = $1 returning id)
insert into soak.journal (at, from_id, to_id, facts) select now(), id, $2, jsonb_build_object('load', true) from moved`;

/** Sessions that move money and write the audit log until they are stopped; how many transactions there were is the answer. */
export function startLoad(url: string, sessions: number): { stop(): Promise<number> } {
  const stop = new AbortController();
  const each = Array.from({ length: sessions }, async (_, session) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    let done = 0;
    for (; !stop.signal.aborted; done += 1) {
      const [from, to] = [1 + ((done * 7 + session * 31) % 10_000), 1 + ((done * 13 + session * 17) % 10_000)];
      await client.query('begin');
      await client.query(TRANSFER, [from, to]);
      await client.query('update soak.account set balance = balance + 1 where id = $1', [to]);
      await client.query(
        `insert into audit.audit_log (actor_type, actor_id, action, entity_type) values ('system', 'soak', 'soak.transfer', 'soak.account')`,
      );
      await client.query(done % 50 === 49 ? 'rollback' : 'commit');
      await sleep(5);
    }
    await client.end();
    return done;
  });
  return {
    stop: async () => {
      stop.abort();
      return (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
    },
  };
}
