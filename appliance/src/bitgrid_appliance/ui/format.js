// Numbers and instants as people read them, in the language of the page.

import { lang } from "./words.js";

const locale = () => (lang() === "de" ? "de-DE" : "en-GB");
const cache = new Map();

function numbers(digits) {
  const key = `${lang()}${digits}`;
  if (!cache.has(key)) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    cache.set(key, new Intl.NumberFormat(locale(), options));
  }
  return cache.get(key);
}

export const NOTHING = "–";

/** Watts: "850 W", from 1000 on "1.30 kW". */
export function watts(value) {
  if (value === null || value === undefined) return NOTHING;
  if (Math.abs(value) < 999.5) return `${numbers(0).format(value)} W`;
  return `${numbers(2).format(value / 1000)} kW`;
}

export function percent(value) {
  return value === null || value === undefined ? NOTHING : `${numbers(0).format(value)} %`;
}

export function plain(value, digits = 0) {
  return numbers(digits).format(value);
}

/** A sentence in which no number is parted from its unit. */
export function glued(text) {
  return text.replace(/(\d) (?=(?:kW|W|%|°C|s|min|ct)\b|%)/g, "$1\u00a0");
}

/** "10:20" on the reader's clock. */
export function time(at) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(at).toLocaleTimeString(locale(), options);
}

export function timeWithSeconds(at) {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Date(at).toLocaleTimeString(locale(), options);
}

/** "1 June" */
export function date(at) {
  return new Date(at).toLocaleDateString(locale(), { day: "numeric", month: "long" });
}

export function weekday(at) {
  const options = { weekday: "long", day: "numeric", month: "long" };
  return new Date(at).toLocaleDateString(locale(), options);
}

/** Milliseconds as "6:05". */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Seconds as "12 s", "3 min", "2 h". */
export function age(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

export function bytes(count) {
  if (count < 1000) return `${plain(count)} B`;
  if (count < 1e6) return `${plain(count / 1e3, 1)} kB`;
  return `${plain(count / 1e6, 1)} MB`;
}
