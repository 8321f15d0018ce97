import { flowText } from './flow.ts';
import type { Json } from '../core/json.ts';
import { CONFIG_KEYS, type ConfigKey } from './keys.ts';

/** The configuration reference: a Markdown table of every key, its type, default, environment variable and meaning. */
export function configReference(): string {
  const rows = CONFIG_KEYS.map((key) => [`\`${key.name}\``, key.kind.name, defaultText(key), variableText(key), key.meaning]);
  return [['key', 'type', 'default', 'environment variable', 'meaning'], ['---', '---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map(escaped).join(' | ')} |`)
    .join('\n');
}

function defaultText(key: ConfigKey): string {
  if (key.required) return 'required';
  return key.default === undefined ? '' : `\`${flowText(key.default as Json)}\``;
}

function variableText({ variable }: ConfigKey): string {
  return variable === undefined ? '' : `\`${variable}\``;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
