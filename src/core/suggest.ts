/**
 * The candidate a mistyped word most likely meant, or undefined when none is near. Case, dashes and underscores do not count
 * (`lockTimeout` means `lock_timeout`); else a few slips do, a slip being a letter too many, missing, wrong, or two swapped.
 * Of equally near candidates the first wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  // Longer words are not names but pasted text, and the comparison costs length × length.
  if (word.length > 80) return undefined;
  const wanted = bare(word);
  let best: string | undefined;
  // Below the word's own length: a single letter is not a slip away from every other.
  let fewest = Math.min(slipsAllowed(wanted.length) + 1, wanted.length);
  for (const candidate of candidates) {
    const slips = candidate.length > 80 ? Infinity : distance(wanted, bare(candidate));
    if (slips < fewest) [best, fewest] = [candidate, slips];
  }
  return best;
}

/** One in three letters, three at most: beyond that it is another word, however long both are. */
function slipsAllowed(letters: number): number {
  return Math.min(3, Math.max(1, Math.floor(letters / 3)));
}

function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Damerau-Levenshtein distance in the restricted form (no letter takes part in two slips): three rows suffice. */
function distance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
        swapped ? at(beforePrevious, column - 2) + 1 : Infinity,
      );
    }
    [beforePrevious, previous] = [previous, current];
  }
  return at(previous, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
