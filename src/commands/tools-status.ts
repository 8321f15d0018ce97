import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { FoundProgram, ToolPlaces } from '../ops/tools/find.ts';
import type { Context } from './context.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'tools status',
  summary: 'which client programs of PostgreSQL there are, and which dbctl takes',
  description:
    'Looks into the folder of backup.programs, or else on PATH, in the usual folders of the system and in the cache of dbctl, runs what it ' +
    'finds to learn its version, and takes the newest that is not older than the server dbctl.yaml pins. On Linux, what is in none of them ' +
    'is taken from an image Docker or Podman has (backup.container_image, default postgres:MAJOR), if it needs a server and no data folder; ' +
    'dbctl never fetches an image. Names those with known holes. Exit 1 when one is missing.',
  effect: 'reads',
  examples: [
    ['dbctl tools status', 'what is there?'],
    ['dbctl tools status --format json', 'with every candidate'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ findPrograms }, { installLine, isDebianFamily }, { advisories }, { openHoles }] = await Promise.all([
    import('../ops/tools/find.ts'),
    import('../ops/tools/advice.ts'),
    import('../ops/verify/advisories.ts'),
    import('../ops/tools/holes.ts'),
  ]);
  const { places, major, release } = await toolsContext(context);
  const byHand = installLine(process.platform, release, major);
  const found = await findPrograms(places, major);
  const items = found.map((program) => programItem(program, { major, holes: (version) => openHoles(advisories, version) }));
  const missing = found.filter(({ taken }) => taken === null);
  return {
    ok: missing.length === 0,
    items,
    summary: { major, found: found.length - missing.length, missing: missing.length },
    view: {
      columns: [
        { field: 'object', title: 'program' },
        { field: 'version', title: 'version' },
        { field: 'origin', title: 'from' },
        { field: 'path', title: 'path' },
        { field: 'message', title: '' },
      ],
      notes: [
        ...(await containerNotes(found, places, major)),
        ...(missing.length > 0 && isDebianFamily(release) ? ['dbctl tools install brings them, beside the system.'] : []),
        ...(missing.length > 0 ? [`By hand: ${byHand}`] : []),
      ],
    },
  };
}

/** Which programs a container can be, and what is missing for it. */
async function containerNotes(
  found: readonly FoundProgram[],
  { setting, container }: ToolPlaces,
  major: number,
): Promise<string[]> {
  if (container === undefined || setting !== null) return [];
  const [{ CONTAINED }, { findImage }] = await Promise.all([
    import('../ops/tools/container.ts'),
    import('../ops/tools/container-engine.ts'),
  ]);
  const serves = `A container serves ${CONTAINED.join(', ')}; what reads data folders or the log has to be on this machine.`;
  if (found.some(({ taken }) => taken?.origin === 'container')) return [serves];
  if (!found.some(({ name, taken }) => taken === null && CONTAINED.includes(name))) return [];
  const answer = await findImage(container, major);
  if (answer.kind === 'no engine') return container.image === null ? [] : [`No container: ${answer.said.join('; ')}.`];
  if (answer.kind === 'absent')
    return [
      `${answer.engine} answers and has no image ${answer.image}; dbctl fetches none: ${answer.engine} pull ${answer.image}`,
      serves,
    ];
  return [`The image ${answer.image.name} of ${answer.image.engine} does not have them for PostgreSQL ${major}.`];
}

interface Judgement {
  readonly major: number;
  readonly holes: (version: number) => readonly { readonly id: string }[] | null;
}

function programItem({ name, taken, all }: FoundProgram, { major, holes }: Judgement): Item {
  const candidates = all.map(({ path, version, origin }) => ({ path, version, origin }));
  if (taken === null) {
    const [other] = all;
    const message = other === undefined ? 'not found' : `${other.version} is older than the server (${major}): ${other.path}`;
    const nothing = { version: null, origin: null, path: null };
    return item({ id: name, object: name, status: 'fail', severity: 'low', message, ...nothing, candidates });
  }
  const open = holes(taken.versionNumber)?.map(({ id }) => id) ?? [];
  const message = open.length === 0 ? '' : `known holes: ${open.join(', ')}`;
  const { version, origin, path } = taken;
  return item({ id: name, object: name, message, version, origin, path, candidates, holes: open });
}
