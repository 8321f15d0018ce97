import type { Explained } from './explain-object.ts';
import { wayText } from './ways.ts';

/** The short answer: `yes`, `granted, but blocked`, `after SET ROLE`, `on columns`, `no`. */
export function answerWords({ level, can, columns }: Explained): string {
  if (level === 'now') return can ? 'yes' : 'granted, but blocked';
  if (columns.length > 0) return 'on columns';
  return level ?? 'no';
}

const NOBODY = 'nobody granted it to the role, to one it reaches, or to PUBLIC';

/** The chain in words: by which way, what stands in it, and what roles.yaml says. */
export function explainedText(one: Explained, role: string, label: string): string {
  const [best, ...others] = one.ways;
  const parts = [
    ...(one.free ? ['anybody may set it in their session'] : []),
    ...(best === undefined ? (one.free || one.columns.length > 0 ? [] : [NOBODY]) : [wayText(best, role)]),
    ...(others.length === 0
      ? []
      : [`also ${others.map((way) => `${wayText(way, role)}${way.level === best?.level ? '' : ` (${way.level})`}`).join('; ')}`]),
    ...(one.columns.length === 0 ? [] : [`not on all of it: on the columns ${one.columns.join(', ')} alone`]),
    ...one.obstacles
      .filter(({ kind }) => kind === 'append-only' || (!isCommon(kind) && (best !== undefined || one.columns.length > 0)))
      .map(({ message }) => message),
    ...fileText(one, label),
  ];
  return parts.join('; ');
}

function fileText({ file, level, opens, free }: Explained, label: string): string[] {
  if (file.answer === 'yes') {
    const missing = level === null ? ', and the database does not have it yet: dbctl roles apply' : '';
    const known = file.because.includes(':') ? file.because : `${label} (${file.because})`;
    return [`${known} says so for ${file.grantee}${missing}`];
  }
  if (free) return [];
  if (opens !== null) return [`to open it, ${label} would have to say under ${opens.role}: ${opens.line}`];
  if (level === null) return [];
  return [file.answer === 'no' ? `${label} does not say so: dbctl roles plan` : `${label} does not name the role`];
}

/** The same whatever the privilege: said once, under the table. */
const isCommon = (kind: string): boolean =>
  kind === 'schema' || kind === 'login' || kind === 'database' || kind === 'connections' || kind === 'password';

/** What holds for every privilege of the object. */
export function commonNotes(explained: readonly Explained[]): string[] {
  const found = new Set(
    explained.flatMap(({ obstacles }) => obstacles.filter(({ kind }) => isCommon(kind)).map(({ message }) => message)),
  );
  return [...found].map((message) => `${message.slice(0, 1).toUpperCase()}${message.slice(1)}.`);
}
