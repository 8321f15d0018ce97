/** Fields of /etc/os-release; empty where the system has none. */
export type OsRelease = Readonly<Record<string, string>>;

export function parseOsRelease(text: string): OsRelease {
  const lines = text.split('\n').map((line) => /^([A-Z_]+)="?([^"]*)"?$/.exec(line));
  return Object.fromEntries(lines.flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? '']])));
}

/** True where packages are Debian's, so that {@link file://./debian.ts} can bring the programs. */
export const isDebianFamily = ({ ID = '', ID_LIKE = '' }: OsRelease): boolean => [ID, ...ID_LIKE.split(' ')].includes('debian');

/** The line that brings client programs of the major on this system; what a person would type. */
export function installLine(platform: NodeJS.Platform, release: OsRelease, major: number): string {
  if (platform === 'darwin') return `brew install postgresql@${major}`;
  if (platform === 'win32') return `winget install PostgreSQL.PostgreSQL.${major}`;
  const family = [release['ID'] ?? '', ...(release['ID_LIKE'] ?? '').split(' ')];
  if (family.some((id) => id === 'debian' || id === 'ubuntu')) {
    return `sudo apt-get install -y postgresql-common && sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && sudo apt-get install -y postgresql-client-${major}`;
  }
  if (family.some((id) => ['rhel', 'fedora', 'centos', 'rocky', 'almalinux'].includes(id)))
    return `sudo dnf install -y postgresql${major}`;
  if (family.some((id) => id === 'suse' || id === 'opensuse')) return `sudo zypper install -y postgresql${major}`;
  if (family.includes('alpine')) return `apk add postgresql${major}-client`;
  if (family.includes('arch')) return 'sudo pacman -S postgresql-libs';
  return `install the client programs of PostgreSQL ${major}, and name their folder under backup.programs in dbctl.yaml`;
}

/** The line that brings a package of that name on this system. */
export function packageLine(platform: NodeJS.Platform, release: OsRelease, name: string): string {
  if (platform === 'darwin') return `brew install ${name}`;
  const family = [release['ID'] ?? '', ...(release['ID_LIKE'] ?? '').split(' ')];
  if (family.some((id) => ['debian', 'ubuntu'].includes(id))) return `sudo apt-get install -y ${name}`;
  if (family.some((id) => ['rhel', 'fedora', 'centos', 'rocky', 'almalinux'].includes(id))) return `sudo dnf install -y ${name}`;
  if (family.some((id) => ['suse', 'opensuse'].includes(id))) return `sudo zypper install -y ${name}`;
  if (family.includes('alpine')) return `apk add ${name}`;
  if (family.includes('arch')) return `sudo pacman -S ${name}`;
  return `install ${name}`;
}
