import { maskOf, type Mask } from './privilege.ts';

/** What has an ACL. Views, materialized views, partitioned and foreign tables are tables to GRANT; procedures and aggregates are routines. */
export const OBJECT_KINDS = [
  'database',
  'schema',
  'table',
  'column',
  'sequence',
  'routine',
  'type',
  'language',
  'large object',
  'tablespace',
  'foreign data wrapper',
  'foreign server',
  'parameter',
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

interface Rights {
  /** What ALL means. */
  readonly all: Mask;
  /** What PUBLIC has where nobody granted or revoked anything. */
  readonly toPublic: Mask;
}

const USAGE = maskOf('USAGE');

/** What can be granted on each kind, and the defaults of acldefault() (src/backend/utils/adt/acl.c). */
const RIGHTS: Readonly<Record<ObjectKind, Rights>> = {
  database: { all: maskOf('CREATE', 'TEMPORARY', 'CONNECT'), toPublic: maskOf('TEMPORARY', 'CONNECT') },
  schema: { all: maskOf('USAGE', 'CREATE'), toPublic: 0 },
  table: {
    all: maskOf('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'),
    toPublic: 0,
  },
  column: { all: maskOf('INSERT', 'SELECT', 'UPDATE', 'REFERENCES'), toPublic: 0 },
  sequence: { all: maskOf('SELECT', 'UPDATE', 'USAGE'), toPublic: 0 },
  routine: { all: maskOf('EXECUTE'), toPublic: maskOf('EXECUTE') },
  type: { all: USAGE, toPublic: USAGE },
  language: { all: USAGE, toPublic: USAGE },
  'large object': { all: maskOf('SELECT', 'UPDATE'), toPublic: 0 },
  tablespace: { all: maskOf('CREATE'), toPublic: 0 },
  'foreign data wrapper': { all: USAGE, toPublic: 0 },
  'foreign server': { all: USAGE, toPublic: 0 },
  parameter: { all: maskOf('SET', 'ALTER SYSTEM'), toPublic: 0 },
};

/** MAINTAIN came with 17 (release notes of PostgreSQL 17). */
const MAINTAIN_SINCE = 170_000;

/** What ALL means on this kind of object, on a server of `serverVersion` (server_version_num). */
export function allRights(kind: ObjectKind, serverVersion: number): Mask {
  const { all } = RIGHTS[kind];
  return serverVersion < MAINTAIN_SINCE ? all & ~maskOf('MAINTAIN') : all;
}

/** What PUBLIC has on this kind of object as long as its ACL is null. */
export function publicRights(kind: ObjectKind): Mask {
  return RIGHTS[kind].toPublic;
}
