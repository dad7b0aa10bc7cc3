// Numbers and times as people read them. Short forms are for tables; hover shows the row's own digits.

const thin = "\u2009";

/** Three or four significant digits, without exponents where that can be: 0.0364, 1.25, 361. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 5e-5) return value.toExponential(1).replace("e+", "e").replace("-", "−");
  if (size >= 1000) return group(Math.round(value));
  const text =
    size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(size < 0.001 ? 5 : 4);
  return text.replace("-", "−");
}

/** A distance or similarity in a table, where the digits of rows should stand below each other. */
export function fixed(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value !== 0 && Math.abs(value) < 0.5 * 10 ** -digits) return short(value);
  return value.toFixed(digits).replace("-", "−");
}

export function group(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** The number exactly as the row has it. */
export function exact(value: unknown): string {
  if (value === null || value === undefined) return "no value";
  return String(value);
}

export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return "–";
  const value = share * 100;
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1)}${thin}%`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}${thin}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${thin}min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)}${thin}h ${Math.floor((whole % 3600) / 60)}${thin}min`;
  return `${Math.floor(whole / 86400)} days`;
}

/** In steps of 10 s below a minute: the page redraws it every 10 s. */
export function age_text(seconds: number): string {
  if (seconds < 10) return "just now";
  return `${duration(seconds < 60 ? 10 * Math.floor(seconds / 10) : seconds)} ago`;
}

export function clock(time: number | null | undefined): string {
  if (time === null || time === undefined) return "–";
  const date = new Date(time * 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `pwcca_distance` as a heading: "PWCCA distance". The name of the file stays what is written in rows and URLs. */
export function measure_title(measure: string): string {
  const known: Record<string, string> = { pwcca: "PWCCA", svcca: "SVCCA", cca: "CCA", cka: "CKA", rv2: "RV2", r2: "R²" };
  return measure
    .split("_")
    .map((word) => known[word] ?? word)
    .join(" ");
}

export function plural(count: number, one: string, many = one + "s"): string {
  return `${group(count)} ${count === 1 ? one : many}`;
}
