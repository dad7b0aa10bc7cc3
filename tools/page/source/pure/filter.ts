// The layer filter: pieces of names, patterns with `*`, whole names in quotes, and verdicts: `is:moving`, `is:alarm`.

/** Several pieces are separated by spaces or commas; one that fits is enough. An empty filter lets all through. */
export function filter_of(text: string, words_of: (name: string) => string[] = () => []): (name: string) => boolean {
  const tests: ((name: string) => boolean)[] = [];
  for (const [, whole, piece] of text.matchAll(/"((?:[^"]|"")*)"|([^\s,]+)/g)) {
    if (whole !== undefined) {
      const name_itself = whole.replace(/""/g, '"');
      tests.push((name) => name === name_itself);
      continue;
    }
    if (piece.startsWith("is:")) {
      tests.push((name) => words_of(name).includes(piece.slice(3)));
      continue;
    }
    const pattern = piece
      .split("*")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
    const expression = new RegExp(piece.includes("*") ? `^${pattern}$` : pattern, "i");
    tests.push((name) => expression.test(name));
  }
  return tests.length === 0 ? () => true : (name) => tests.some((test) => test(name));
}

/** The filter of many layers: their verdict, if just these have it, and else their names. */
export function filter_for(names: string[], all: string[], words_of: (name: string) => string[]): string {
  if (names.length <= 2) return exactly(names);
  const wanted = new Set(names);
  for (const word of words_of(names[0])) if (all.every((name) => words_of(name).includes(word) === wanted.has(name))) return `is:${word}`;
  return exactly(names);
}

/** The filter that lets exactly these layers through: conv1, but not conv10. */
export function exactly(names: string[]): string {
  return names.map((name) => `"${name.replace(/"/g, '""')}"`).join(" ");
}
