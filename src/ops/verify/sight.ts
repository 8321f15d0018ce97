import type { Session } from '../../db/session.ts';
import { covers, type Advisories } from './advisories.ts';
import type { Check } from './check.ts';
import { needText, SETTINGS_VIEW, singleNeeds, type Sight, type SingleNeed } from './need.ts';
import { recogniseVendor, ROLE_MARKS, SETTING_MARKS, type VendorFacts } from './vendor.ts';

/** Asks the server, in two messages, for every right that any of the checks needs. Fails like Session.rows. */
export async function lookAround(session: Session, checks: readonly Check[], advisories: Advisories): Promise<Sight> {
  const needs = allNeeds(checks);
  const { role, granted, seesAllSettings, vendor } = await readRights(session, needs);
  return {
    role,
    granted,
    seesAllSettings,
    settings: granted.has(needText(SETTINGS_VIEW)) ? await readSettings(session, needs) : new Map(),
    coversMajor: covers(advisories, Math.floor(session.serverVersion / 10_000)),
    vendor: recogniseVendor(vendor),
  };
}

function allNeeds(checks: readonly Check[]): readonly SingleNeed[] {
  const all = [SETTINGS_VIEW, ...checks.flatMap((check) => check.needs.flatMap(singleNeeds))];
  return [...new Map(all.map((need) => [needText(need), need])).values()];
}

interface RightRow {
  kind: 'select' | 'execute' | 'member';
  name: string;
  role: string;
  sees_all_settings: boolean;
  granted: boolean;
  vendor: VendorFacts;
}

async function readRights(session: Session, needs: readonly SingleNeed[]) {
  const rights = needs.filter((need): need is Extract<SingleNeed, { kind: RightRow['kind'] }> => RIGHTS.has(need.kind));
  const names = [rights.map(({ kind }) => kind), rights.map(({ name }) => name)];
  const rows = await session.rows<RightRow>(RIGHTS_QUERY, [...names, ROLE_MARKS, SETTING_MARKS]);
  return {
    role: rows[0]?.role ?? session.user,
    seesAllSettings: rows[0]?.sees_all_settings ?? false,
    vendor: rows[0]?.vendor ?? NO_FACTS,
    granted: new Set(rows.filter((row) => row.granted).map(({ kind, name }) => needText({ kind, name }))),
  };
}

const NO_FACTS: VendorFacts = {
  superuser: false,
  firstSuperuser: '',
  roles: [],
  settings: [],
  aurora: false,
  dataDirectory: null,
};

const RIGHTS: ReadonlySet<string> = new Set<RightRow['kind']>(['select', 'execute', 'member']);

/**
 * Functions only, no catalog: any catalog may be the very one the role cannot read. The schema is asked first because
 * to_regclass() raises for a schema the role may not use; what does not exist is null, hence false.
 */
const RIGHTS_QUERY = /* sql */ `
select n.kind,
       n.name,
       current_user::pg_catalog.text as role,
       coalesce(pg_catalog.pg_has_role(pg_catalog.to_regrole('pg_read_all_settings')::pg_catalog.oid, 'usage'), false) as sees_all_settings,
       coalesce(
         case
           when n.kind = 'member' then
             pg_catalog.pg_has_role(pg_catalog.to_regrole(n.name)::pg_catalog.oid, 'usage')
           when not pg_catalog.has_schema_privilege(
                      pg_catalog.to_regnamespace(pg_catalog.split_part(n.name, '.', 1))::pg_catalog.oid, 'usage') then
             false
           when n.kind = 'select' then
             pg_catalog.has_table_privilege(pg_catalog.to_regclass(n.name)::pg_catalog.oid, 'select')
           else
             pg_catalog.has_function_privilege(pg_catalog.to_regprocedure(n.name)::pg_catalog.oid, 'execute')
         end, false) as granted,
       (select pg_catalog.jsonb_build_object(
                 'superuser', pg_catalog.current_setting('is_superuser', true) = 'on',
                 'firstSuperuser', pg_catalog.pg_get_userbyid(10),
                 'roles', coalesce((select pg_catalog.jsonb_agg(m.name order by m.name)
                                      from pg_catalog.unnest($3::pg_catalog.text[]) as m(name)
                                     where pg_catalog.to_regrole(m.name) is not null), '[]'),
                 'settings', coalesce((select pg_catalog.jsonb_agg(m.name order by m.name)
                                         from pg_catalog.unnest($4::pg_catalog.text[]) as m(name)
                                        where pg_catalog.current_setting(m.name, true) is not null), '[]'),
                 'aurora', pg_catalog.to_regprocedure('pg_catalog.aurora_version()') is not null,
                 'dataDirectory', case
                                    when coalesce(pg_catalog.pg_has_role(
                                           pg_catalog.to_regrole('pg_read_all_settings')::pg_catalog.oid, 'usage'), false)
                                    then pg_catalog.current_setting('data_directory', true)
                                  end)) as vendor
  from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as n(kind, name)
 order by n.kind, n.name`;

async function readSettings(session: Session, needs: readonly SingleNeed[]): Promise<ReadonlyMap<string, string>> {
  const names = needs.flatMap((need) =>
    need.kind === 'setting' || need.kind === 'unoverridden' ? [need.name.toLowerCase()] : [],
  );
  if (names.length === 0) return new Map();
  const rows = await session.rows<{ name: string; source: string }>(SETTINGS_QUERY, [names]);
  return new Map(rows.map(({ name, source }) => [name, source]));
}

const SETTINGS_QUERY = /* sql */ `
select pg_catalog.lower(s.name) as name, s.source
  from pg_catalog.pg_settings s
 where pg_catalog.lower(s.name) = any ($1::pg_catalog.text[])
 order by 1`;
