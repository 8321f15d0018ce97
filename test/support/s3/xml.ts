/** `{Name: 'a', Part: [{…}, {…}]}` as XML; a list is the element repeated. */
export function xml(name: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, content)}`;
}

export type XmlContent = string | number | boolean | { readonly [name: string]: XmlContent | readonly XmlContent[] | undefined };

function element(name: string, content: XmlContent): string {
  const inner =
    typeof content === 'object'
      ? Object.entries(content)
          .flatMap(([child, value]) => (value === undefined ? [] : [value].flat().map((one) => element(child, one))))
          .join('')
      : escaped(String(content));
  return `<${name}>${inner}</${name}>`;
}

const escaped = (text: string): string =>
  text.replaceAll(/[<>&"]/g, (letter) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[letter] ?? letter);

const unescaped = (text: string): string =>
  text.replaceAll(/&(lt|gt|amp|quot|apos|#34|#39|#x([0-9a-fA-F]+));/g, (_, name: string, hex?: string) =>
    hex === undefined
      ? ({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", '#34': '"', '#39': "'" }[name] ?? '')
      : String.fromCodePoint(Number.parseInt(hex, 16)),
  );

/** The texts of each element of that name, which holds no element of the same name. */
export const elements = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, inner = '']) => inner);

export const elementText = (text: string, name: string): string | undefined => {
  const [first] = elements(text, name);
  return first === undefined ? undefined : unescaped(first);
};
