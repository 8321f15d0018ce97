import { ident } from '../../../../src/db/ident.ts';

/** A reproducible source of numbers below `most` (mulberry32). */
export function randomNumbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
  };
}

/** What a statement may be about, so that it can be taken away again. */
interface RandomDatabase {
  readonly roles: readonly string[];
  /** Some cannot be run, such as a membership in a circle: they are to be skipped. */
  readonly statements: readonly string[];
}

/** Names that have to be quoted in SQL, in an aclitem and in an array. */
const ODD = ['we ird', 'q"uote', 'Capital', 'comma,brace}', 'slash/=', 'back\\slash', 'ünï', '42', 'public'.toUpperCase()];

const PREDEFINED = ['pg_read_all_data', 'pg_write_all_data', 'pg_maintain', 'pg_monitor', 'pg_database_owner'];
const TABLE_RIGHTS = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain', 'all'];

/** Roles, memberships, objects of every kind, grants, revokes, grants by others, other owners: as one seed has it. */
export function randomDatabase(seed: number, prefix: string): RandomDatabase {
  const below = randomNumbers(seed);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
  const yes = (): string => one(['true', 'false']);
  const roles = times(9, (index) => `${prefix}_${ODD[(index + seed) % ODD.length]}`);
  const role = (): string => ident(one(roles));
  const schemas = times(3, (index) => `${prefix}_s${index}`);
  const relations = schemas.flatMap((schema) => times(4, (index) => `${ident(schema)}.${ident(`${one(ODD)}${index}`)}`));
  const grantee = (): string => (below(5) === 0 ? 'public' : role());
  const granted = (): string => `${grantee()}${below(3) === 0 ? ' with grant option' : ''}`;
  const onTable = (): string => (below(4) === 0 ? `${one(['select', 'insert', 'update', 'references'])} (a)` : one(TABLE_RIGHTS));
  const objects: readonly (() => readonly [right: string, on: string])[] = [
    () => [onTable(), `table ${one(relations)}`],
    () => [onTable(), `table ${one(relations)}`],
    () => [one(['usage', 'select', 'update', 'all']), `sequence ${ident(one(schemas))}.q`],
    () => [one(['usage', 'create', 'all']), `schema ${ident(one(schemas))}`],
    () => ['execute', `function ${ident(one(schemas))}.f(int, text)`],
    () => ['usage', `type ${ident(one(schemas))}.d`],
    () => [one(['connect', 'create', 'temporary', 'all']), `database ${ident(`${prefix}_db`)}`],
    () => ['usage', 'language plpgsql'],
    () => [one(['select', 'update', 'all']), 'large object 4711'],
    () => ['usage', `foreign data wrapper ${ident(`${prefix}_w`)}`],
    () => ['usage', `foreign server ${ident(`${prefix}_v`)}`],
    () => [one(['set', 'alter system', 'all']), `parameter ${one(['work_mem', 'session_replication_role'])}`],
    () => ['create', 'tablespace pg_default'],
  ];
  const grant = (): string => {
    const [right, on] = one(objects)();
    return `grant ${right} on ${on} to ${granted()}`;
  };
  return {
    roles,
    statements: [
      ...roles.map(
        (name) => `create role ${ident(name)} ${one(['login', 'nologin', 'superuser', 'noinherit', 'createrole', 'nologin'])}`,
      ),
      ...schemas.flatMap((schema) => [
        `create schema ${ident(schema)} authorization ${role()}`,
        `create sequence ${ident(schema)}.q`,
        `create function ${ident(schema)}.f(first int, second text) returns int language sql as 'select 1'`,
        `create domain ${ident(schema)}.d as text`,
      ]),
      ...relations.map((name, index) =>
        index % 4 === 3 ? `create view ${name} as select 1 as a, 2 as b` : `create table ${name} (a int, b int)`,
      ),
      'select pg_catalog.lo_create(4711)',
      `create foreign data wrapper ${ident(`${prefix}_w`)}`,
      `create server ${ident(`${prefix}_v`)} foreign data wrapper ${ident(`${prefix}_w`)}`,
      ...times(
        14,
        () =>
          `grant ${one([...roles.map(ident), ...roles.map(ident), ...PREDEFINED])} to ${role()} with inherit ${yes()}, set ${yes()}, admin ${yes()}`,
      ),
      `alter database ${ident(`${prefix}_db`)} owner to ${role()}`,
      ...times(6, () => `alter table ${one(relations)} owner to ${role()}`),
      ...times(90, grant),
      // By whoever was given the right to, which leaves entries of other grantors.
      ...times(30, () => `set role ${role()}; ${grant()}; reset role`),
      ...times(25, () => {
        const [right, on] = one(objects)();
        return `revoke ${below(3) === 0 ? 'grant option for ' : ''}${right} on ${on} from ${grantee()}${below(2) === 0 ? ' cascade' : ''}`;
      }),
    ],
  };
}
