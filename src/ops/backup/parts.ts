import type { SourceFacts } from './manifest.ts';

/** Where the parts of a logical backup are in its folder. */
export const PARTS = { dump: 'dump', schema: 'schema.sql', globals: 'globals.sql', catalogue: 'catalogue.json' } as const;

/** With a key of ours two dumps of one schema are the same bytes; without, pg_dump makes one up each time (CVE-2025-8714). */
export const RESTRICT_KEY = 'dbctl';

/**
 * A database without an encoding holds bytes that are no UTF-8, and a dump in UTF-8 fails at the first of them; all others are dumped in UTF-8,
 * in which programs and files of ours are. Pure.
 */
export const encodingOption = ({ encoding }: Pick<SourceFacts, 'encoding'>): readonly string[] =>
  encoding === 'SQL_ASCII' ? ['--encoding=SQL_ASCII'] : [];
