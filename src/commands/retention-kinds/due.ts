/** What a plan says of a rule: `1 partition is to go`, `3 rows are old enough`, `no partition is to go`. */
export function dueText(count: number, what: 'row' | 'partition'): string {
  if (count === 0) return what === 'row' ? 'nothing is old enough' : 'no partition is to go';
  return `${count} ${what}${count === 1 ? ' is' : 's are'} ${what === 'row' ? 'old enough' : 'to go'}`;
}
