import type { Step } from '../../core/step.ts';
import { ident } from '../../db/ident.ts';
import type { Engine, ServerState } from './engine.ts';

type PlannedEngine = Pick<Engine, 'name' | 'version' | 'dataFolder'>;

/** What `dev up` does to a server found in this state. */
export function planUp(engine: PlannedEngine, found: ServerState, database: string): readonly Step[] {
  const create = outside('create', `create an empty PostgreSQL ${engine.version} server`, engine.dataFolder);
  const start = outside('start', `start PostgreSQL ${engine.version} (${engine.name})`, engine.dataFolder);
  const clear = outside('clear', 'end what is left of the server that died', engine.dataFolder);
  const password = outside('password', 'stop the server and give it a new password', engine.dataFolder);
  const ensure: Step = {
    id: 'database',
    summary: `create the database ${database} unless it is there`,
    object: database,
    sql: `create database ${ident(database)};`,
    transactional: false,
  };
  switch (found.kind) {
    case 'absent':
      return [create, start, ensure];
    case 'stopped':
      return [start, ensure];
    case 'silent':
      return [clear, start, ensure];
    case 'locked-out':
      return [password, start, ensure];
    case 'starting':
    case 'running':
      return [ensure];
  }
}

/** What `dev down` does to a server found in this state. */
export function planDown(engine: PlannedEngine, found: ServerState, purge: boolean): readonly Step[] {
  const lives = found.kind !== 'absent' && found.kind !== 'stopped';
  return [
    ...(lives ? [outside('stop', 'end its sessions and stop the server', engine.dataFolder)] : []),
    ...(purge ? [outside('purge', 'delete the server with every database in it', engine.dataFolder)] : []),
  ];
}

const outside = (id: string, summary: string, object: string): Step => ({ id, summary, object, sql: null, transactional: false });
