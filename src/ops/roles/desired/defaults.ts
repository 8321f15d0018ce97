import type { RolesFile } from '../../../config/roles/load.ts';
import type { CheckedGrant } from '../../../config/roles/schema.ts';
import type { ObjectKind } from '../rights/kinds.ts';
import { maskOf, maskOfWords, type Mask } from '../rights/privilege.ts';
import { PUBLIC_NAME, type DesiredDefault } from './model.ts';
import { schemaOf } from './pattern.ts';

/** The roles whose new objects are granted on by themselves. */
export function creatorsOf({ creators, owner }: Pick<RolesFile, 'creators' | 'owner'>): readonly string[] {
  return creators ?? [owner];
}

/**
 * The default privileges a grant with `future` stands for: in its schemas, for each creator. ON TABLES is also for views, which the server
 * does not tell apart; a view that a pattern must not open shows as drift once it is there.
 */
export function futureDefaults(
  grant: CheckedGrant,
  grantee: string,
  because: string,
  file: Pick<RolesFile, 'creators' | 'owner' | 'presets'>,
): DesiredDefault[] {
  if (!grant.future) return [];
  const schemas = (grant.on ?? grant.sequences ?? grant.routines ?? grant.types ?? []).map(schemaOf);
  const kinds = futureMasks(grant, file);
  return creatorsOf(file).flatMap((creator) =>
    schemas.flatMap((schema) =>
      kinds.filter(([, mask]) => mask !== 0).map(([kind, mask]) => ({ creator, schema, kind, grantee, mask, because })),
    ),
  );
}

function futureMasks(grant: CheckedGrant, { presets }: Pick<RolesFile, 'presets'>): readonly (readonly [ObjectKind, Mask])[] {
  if (grant.sequences !== undefined) return [['sequence', maskOfWords(grant.privileges ?? ['usage'])]];
  if (grant.routines !== undefined) return [['routine', maskOfWords(grant.privileges ?? ['execute'])]];
  if (grant.types !== undefined) return [['type', maskOfWords(grant.privileges ?? ['usage'])]];
  const preset = grant.use === undefined ? undefined : presets[grant.use];
  const table = maskOfWords(preset?.table ?? grant.privileges ?? []);
  const sequence = maskOfWords(preset?.sequence ?? []) | ((table & maskOf('INSERT')) === 0 ? 0 : maskOf('USAGE'));
  return [
    ['table', table],
    ['sequence', sequence],
  ];
}

/** What PUBLIC gets on new objects of each creator in every schema; only there can what it has by default be taken away (measured on 18.2). */
export function publicDefaults(file: RolesFile): DesiredDefault[] {
  const because = `${file.label}: public`;
  const mayUseTypes = file.public.grants.some(({ types }) => types?.includes('*.*') === true);
  return creatorsOf(file).flatMap((creator) => [
    { creator, schema: null, kind: 'routine' as const, grantee: PUBLIC_NAME, mask: 0, because },
    { creator, schema: null, kind: 'type' as const, grantee: PUBLIC_NAME, mask: mayUseTypes ? maskOf('USAGE') : 0, because },
  ]);
}
