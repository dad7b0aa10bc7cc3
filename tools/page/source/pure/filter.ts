// The layer filter: pieces of names, patterns with `*`, and whole names in quotes.

/** Several pieces are separated by spaces or commas; one that fits is enough. An empty filter lets all through. */
export function filter_of(text: string): (name: string) => boolean {
  const tests: ((name: string) => boolean)[] = [];
  for (const [, whole, piece] of text.matchAll(/"((?:[^"]|"")*)"|([^\s,]+)/g)) {
    if (whole !== undefined) {
      const name_itself = whole.replace(/""/g, '"');
      tests.push((name) => name === name_itself);
      continue;
    }
    const pattern = piece.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
    const expression = new RegExp(piece.includes("*") ? `^${pattern}$` : pattern, "i");
    tests.push((name) => expression.test(name));
  }
  return tests.length === 0 ? () => true : (name) => tests.some((test) => test(name));
}

/** The filter that lets exactly these layers through: conv1, but not conv10. */
export function exactly(names: string[]): string {
  return names.map((name) => `"${name.replace(/"/g, '""')}"`).join(" ");
}
