// Names of layers are long and begin alike: what tells them apart is at their end.

/** The part that all names share up to a dot, slash or colon; empty if there is none, or only one name. */
export function shared_beginning(names: string[]): string {
  if (names.length < 2) return "";
  let shared = names[0];
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  const cut = Math.max(shared.lastIndexOf("."), shared.lastIndexOf("/"), shared.lastIndexOf(":"));
  return cut > 0 ? shared.slice(0, cut + 1) : "";
}

/** A name that fits into `width`: first without what all share, then without more of its beginning. */
export function fitted(name: string, shared: string, width: number, measure: (text: string) => number): string {
  if (measure(name) <= width) return name;
  let kept = shared && name.startsWith(shared) ? name.slice(shared.length) : name.slice(1);
  while (kept.length > 1 && measure("\u2026" + kept) > width) kept = kept.slice(1);
  return "\u2026" + kept;
}
