import type { Json } from '../core/json.ts';
import { formatDuration } from './duration.ts';
import { flowText } from './flow.ts';
import { kindAt } from './keys.ts';
import { valueAt } from './layers.ts';
import type { LoadedConfig } from './load.ts';
import { originText, type Origin } from './origin.ts';

/** One key of the configuration in force, ready to be shown. Nothing in it is secret: the file holds none. */
export interface ShownValue {
  readonly key: string;
  /** As it would be written in dbctl.yaml. */
  readonly text: string;
  readonly value: Json;
  readonly origin: Origin;
  readonly from: string;
}

/** Every key in force in the loaded environment, in the order of the schema; other environments are left out. */
export function shownValues({ config, environment, origins }: LoadedConfig): ShownValue[] {
  return [...origins].flatMap(([key, origin]) => {
    const path = key.split('.');
    if (path[0] === 'environments' && path[1] !== environment.name) return [];
    const value = asWritten(path, valueAt(config, path) as Json);
    return [{ key, text: flowText(value), value, origin, from: originText(origin) }];
  });
}

/** Durations are milliseconds once loaded; a number without unit would be refused in the file. */
function asWritten(path: readonly string[], value: Json): Json {
  return typeof value === 'number' && value !== 0 && kindAt(path)?.name === 'duration' ? formatDuration(value) : value;
}
