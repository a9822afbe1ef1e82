// The last decisions, newest first; equal ones in a row are one entry. An entry opens its reasons.

import { byId, h } from "./dom.js";
import { explain } from "./explanation.js";
import { date, glued, time } from "./format.js";
import { get } from "./live.js";
import { levelName, loadName } from "./loads.js";
import { lang, t } from "./words.js";

const BLOCK_MS = 600_000;
const PAGE = 72;
const KEPT = 720;

/** The list: holds what was loaded and draws it in the language of the moment. */
export class Past {
  #items = [];
  #next = null;
  #loads = [];
  #entries = new Map();

  constructor() {
    byId("older").addEventListener("click", () => this.#older());
  }

  /** Load the newest page anew: at the start, and after the connection came back. */
  async load() {
    const page = await get(`decisions?limit=${PAGE}`);
    const oldest = page.items[page.items.length - 1]?.event.block_id ?? 0;
    this.#items = this.#items.filter(({ event }) => event.block_id >= oldest);
    this.#next = page.next;
    this.#merge(page.items);
  }

  /**
   * A decision that was just made.
   * @returns {boolean} whether earlier ones are missing: in a rush not each one is told
   */
  add(item) {
    const last = this.#items.find((other) => other.event.load === item.event.load);
    this.#merge([item]);
    return last === undefined || item.event.block_id > last.event.block_id + 1;
  }

  /** Fetch what is missing between what is shown and now. */
  async catchUp() {
    const page = await get(`decisions?limit=${PAGE}`);
    const oldest = page.items[page.items.length - 1]?.event.block_id ?? 0;
    const overlaps = this.#items.some(({ event, seq }) => seq !== null && event.block_id >= oldest);
    if (overlaps) this.#merge(page.items);
    else await this.load();
  }

  /** Names of loads are only known with the live picture. */
  setLoads(loads) {
    const names = (list) => list.map((load) => `${load.id} ${load.kind}`).join();
    if (names(loads) === names(this.#loads)) return;
    this.#loads = loads;
    this.show();
  }

  /** Draw the list. Entries that are still the same stay, and stay open. */
  show() {
    const host = byId("past");
    const groups = grouped(this.#items);
    const fresh = new Map();
    for (const group of groups) {
      const key = `${lang()} ${group[group.length - 1].event.id} ${this.#loads.length}`;
      const entry = this.#entries.get(key) ?? new Entry();
      entry.fill(group, this.#loads);
      fresh.set(key, entry);
    }
    this.#entries = fresh;
    const wanted = [...fresh.values()].map((entry) => entry.root);
    if (wanted.length === 0) host.replaceChildren(h("li", { class: "waiting" }, t("pastNone")));
    else arrange(host, wanted);
    byId("older").hidden = this.#next === null;
  }

  async #older() {
    const page = await get(`decisions?limit=${PAGE}&cursor=${this.#next}`);
    this.#next = page.next;
    this.#merge(page.items);
  }

  #merge(items) {
    const all = new Map([...this.#items, ...items].map((item) => [item.event.id, item]));
    this.#items = [...all.values()].sort(newestFirst).slice(0, KEPT);
    this.show();
  }
}

/** By block; within one, what is not in the journal yet is the newest. */
function newestFirst(one, other) {
  const blocks = other.event.block_id - one.event.block_id;
  return blocks || (other.seq ?? Infinity) - (one.seq ?? Infinity) || 0;
}

/** Put the wanted children in place without moving those that are in place already. */
function arrange(host, wanted) {
  const keep = new Set(wanted);
  for (const child of [...host.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, index) => {
    if (host.children[index] !== child) host.insertBefore(child, host.children[index] ?? null);
  });
}

/** Decisions of one load in a row with the same code and level, newest first. */
function grouped(items) {
  const groups = [];
  const open = new Map();
  for (const item of items) {
    const { load, decision_code: code, level, effect, block_id: block } = item.event;
    const group = open.get(load);
    const key = `${code} ${level} ${effect}`;
    if (group && group.key === key && group.first - block <= 1) {
      group.items.push(item);
      group.first = block;
    } else {
      const started = { key, items: [item], first: block };
      groups.push(started);
      open.set(load, started);
    }
  }
  return groups.map((group) => group.items);
}

export function levelInForce(event) {
  return event.effect === "acted" ? event.level : event.memory.level;
}

class Entry {
  constructor() {
    this.when = h("span", { class: "when" });
    this.what = h("span", { class: "what" });
    this.text = h("span", { class: "text" });
    this.body = h("div", { class: "reasons" });
    const summary = h("summary", {}, this.when, h("span", { class: "mark", "aria-hidden": "true" }), this.what, this.text);
    this.details = h("details", {}, summary, this.body);
    this.root = h("li", {}, this.details);
    this.details.addEventListener("toggle", () => this.open());
  }

  fill(group, loads) {
    const newest = group[0].event;
    const oldest = group[group.length - 1].event;
    if (this.newest?.id === newest.id) return;
    this.newest = newest;
    const level = levelInForce(newest);
    const switched = oldest.effect === "acted" && (oldest.memory.level === "off") !== (oldest.level === "off");
    this.root.className = `${level === "off" ? "is-off" : "is-on"}${switched ? " is-switch" : ""}`;
    const from = oldest.block_id * BLOCK_MS;
    const until = (newest.block_id + 1) * BLOCK_MS;
    this.when.replaceChildren(h("time", { datetime: new Date(from).toISOString() }, time(from)), `–${time(until)}`);
    this.when.title = date(from);
    const load = loads.find((item) => item.id === newest.load) ?? { id: newest.load, kind: null };
    const name = loads.length > 1 ? `${loadName(load, loads)}: ` : "";
    this.what.textContent = `${name}${levelName(level)}`;
    this.text.textContent = glued(group[0].short[lang()]);
    if (this.details.open) this.open(true);
  }

  async open(again = false) {
    if (!this.details.open || (this.shown === this.newest.id && !again)) return;
    this.shown = this.newest.id;
    try {
      this.body.replaceChildren(...(await explain(this.newest)));
    } catch {
      this.shown = null;
      this.body.replaceChildren(h("p", { class: "warning" }, t("fails")));
    }
  }
}
