import { versionNumber } from '../../core/pin.ts';

/** Where a file names a release. */
export interface Place {
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

export interface Replaced {
  readonly text: string;
  readonly places: readonly Place[];
}

/**
 * Every place that names exactly this release is made to name the other: 18.2 is neither in 18.20 nor in 118.2, nor in 18.2.1 or
 * 18.2.0-beta.16, which are versions of something else. Pure.
 */
export function replaceRelease(text: string, from: string, to: string): Replaced {
  const pattern = exactly(from);
  const places: Place[] = [];
  const lines = text.split('\n').map((before, index) => {
    const after = before.replace(pattern, to);
    if (after !== before) places.push({ line: index + 1, before, after });
    return after;
  });
  return { text: lines.join('\n'), places };
}

/** Lines that name a longer version beginning with the release: of a package, which its own tool has to change. Pure. */
export function longerVersions(text: string, release: string): readonly string[] {
  return [...text.matchAll(new RegExp(`(?<![\\d.])${escaped(release)}\\.\\d[\\w.-]*`, 'g'))].map(([found]) => found);
}

function exactly(release: string): RegExp {
  // Fails for what is no release, before it becomes part of a pattern.
  versionNumber(release);
  return new RegExp(`(?<![\\d.])${escaped(release)}(?!\\d|\\.\\d)`, 'g');
}

const escaped = (release: string): string => release.replace('.', '\\.');
