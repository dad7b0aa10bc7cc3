// Names of layers are long and begin alike: what tells them apart is at their end.

/** A name as it may be shown: signs that turn the direction of what follows, or cannot be seen, are replaced. */
export function shown_text(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** Names up to this many letters are shown whole. */
const most_letters = 14;

/** The part that all names share up to a dot, slash or colon, if any of them is long; else empty. */
export function shared_beginning(names: string[]): string {
  if (names.length < 2 || names.every((name) => name.length <= most_letters)) return "";
  let shared = names[0];
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  const cut = Math.max(shared.lastIndexOf("."), shared.lastIndexOf("/"), shared.lastIndexOf(":"));
  return cut > 0 ? shared.slice(0, cut + 1) : "";
}

export function shorter(name: string, shared: string): string {
  const rest = shared && name.startsWith(shared) && name.length > shared.length ? "\u2026" + name.slice(shared.length) : name;
  return shown_text(rest);
}

/** A name that fits into `width`: without more of its beginning, if need be. */
export function fitted(name: string, width: number, measure: (text: string) => number): string {
  if (measure(name) <= width) return name;
  let kept = name.replace(/^\u2026/, "").slice(1);
  while (kept.length > 1 && measure("\u2026" + kept) > width) kept = kept.slice(1);
  return "\u2026" + kept;
}
