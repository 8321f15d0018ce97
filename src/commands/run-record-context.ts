import type { JsonObject } from '../core/json.ts';
import type { Session } from '../db/session.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

/** Appends to dbctl.run what a command changed; warns where that is not for whoever runs it. A database without dbctl.run keeps no records. */
export async function recordChanges(session: Session, context: Context, command: string, summary: JsonObject): Promise<void> {
  const { recordRunIfAllowed } = await import('../ops/schema/run-record.ts');
  const { name: operator, ...who } = (await migrateSettings(context)).operator;
  const recorded = await recordRunIfAllowed(session, { ...who, operator, command, outcome: 'done', summary });
  if (recorded === 'closed') context.log.warn(`the run was not recorded: ${session.user} may not write dbctl.run`);
}
