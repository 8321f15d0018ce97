import type { Progress } from '../../core/progress.ts';
import { step, type Step } from '../../core/step.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { EVENT_TRIGGERS } from '../schema/immutability/index.ts';
import { applySteps } from '../../db/apply-steps.ts';

/** A registered relation, and what it was before. */
interface Registered {
  readonly name: string;
  readonly root: string;
  readonly gone: boolean;
  readonly previousOwner: string | null;
  readonly previousGrants: readonly string[];
}

/**
 * The steps that take the guards away and give owners and grants back as they were when the tables were guarded first. Rows,
 * counters and records of permits stay. Needs a superuser where one installed.
 */
export async function planUninstall(session: Session): Promise<readonly Step[]> {
  const [{ registry, ledger } = { registry: false, ledger: false }] = await session.rows<{ registry: boolean; ledger: boolean }>(
    "select pg_catalog.to_regclass('dbctl.protected_relation') is not null as registry, pg_catalog.to_regrole('dbctl_ledger') is not null as ledger",
  );
  if (!registry) return [];
  const relations = await session.rows<Registered>(REGISTERED);
  const triggers = await session.rows<{ name: string }>(
    'select e.evtname::text as name from pg_catalog.pg_event_trigger e where e.evtname = any ($1) order by 1',
    [EVENT_TRIGGERS.map(({ name }) => name)],
  );
  const roots = [...new Set(relations.map(({ root }) => root))];
  return [
    ...triggers.map(({ name }) => step('event-trigger', name, 'drop the event trigger', `drop event trigger ${ident(name)}`)),
    ...roots.map((root) =>
      releaseStep(
        root,
        relations.filter((relation) => relation.root === root),
        ledger,
      ),
    ),
  ];
}

/** Does what {@link planUninstall} planned. */
export async function uninstallGuards(session: Session, steps: readonly Step[], progress: Progress): Promise<void> {
  await applySteps(session, steps, progress);
}

function releaseStep(root: string, family: readonly Registered[], ledger: boolean): Step {
  const sql = [
    `insert into dbctl.permit (relation, purpose, reason)
select p.relation, 'release', 'dbctl immutability uninstall' from dbctl.protected_relation p where p.root = ${rootOf(root)}`,
    // Partitions first: the clone on a partition goes with the trigger of its parent.
    ...family
      .toReversed()
      .filter(({ gone }) => !gone)
      .flatMap(({ name, root: of, previousOwner, previousGrants }) => [
        ...(name === of ? ['dbctl_guard_row'] : ['dbctl_guard_partition_row']).map(
          (trigger) => `drop trigger if exists ${trigger} on ${name}`,
        ),
        `drop trigger if exists dbctl_guard_statement on ${name}`,
        `drop trigger if exists dbctl_guard_truncate on ${name}`,
        ...(previousOwner === null
          ? []
          : [`alter table ${name} owner to ${ident(previousOwner)}`, `grant all on table ${name} to ${ident(previousOwner)}`]),
        ...(ledger ? [`revoke select on table ${name} from dbctl_ledger`] : []),
        ...previousGrants,
      ]),
    `delete from dbctl.protected_relation p where p.root = ${rootOf(root)}`,
  ];
  const many = family.length - 1;
  return step(
    'table',
    root,
    `take the guards away${many === 0 ? '' : `, from its ${many} partitions too`}; owner and grants as before`,
    sql.join(';\n'),
  );
}

const rootOf = (root: string): string => `'${root.replaceAll("'", "''")}'::pg_catalog.regclass`;

const REGISTERED = /* sql */ `
select pg_catalog.format('%I.%I', coalesce(n.nspname, p.schema_name), coalesce(c.relname, p.table_name)) as name,
       coalesce((select pg_catalog.format('%I.%I', rn.nspname, rc.relname)
                 from pg_catalog.pg_class rc
                 join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
                 where rc.oid = p.root), p.root::text) as root,
       c.oid is null as gone,
       p.previous_owner as "previousOwner",
       p.previous_grants as "previousGrants"
from dbctl.protected_relation p
left join pg_catalog.pg_class c on c.oid = p.relation
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by p.root::text, p.relation <> p.root, 1`;
