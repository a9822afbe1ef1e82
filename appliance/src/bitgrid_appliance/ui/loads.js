// One card for each load: what it does, why, what would change it, when that is looked at again.

import { byId, h, s, setText } from "./dom.js";
import { countdown, glued, time, watts } from "./format.js";
import { known, lang, t } from "./words.js";

const cards = new Map();

/** "Miner", and with its id where there are several of the kind. */
export function loadName(load, all) {
  const kind = load.kind && known(load.kind) ? t(load.kind) : t("load");
  const alone = load.kind && all.filter((other) => other.kind === load.kind).length === 1;
  return alone ? kind : `${kind} ${load.id.replace(/^load-/, "")}`;
}

export function levelName(level) {
  return known(`level.${level}`) ? t(`level.${level}`) : level;
}

/** Draw all cards from the live picture. */
export function showLoads(state) {
  const host = byId("load-cards");
  if (state.loads.length === 0) {
    cards.clear();
    const text = t("none", { time: time(state.next_block_at) });
    host.replaceChildren(h("p", { class: "waiting" }, text));
    return;
  }
  const ids = state.loads.map((load) => load.id);
  if (ids.join() !== [...cards.keys()].join()) {
    cards.clear();
    for (const id of ids) cards.set(id, card(id));
    host.replaceChildren(...[...cards.values()].map((entry) => entry.root));
  }
  document.body.classList.toggle("has-many", ids.length > 1);
  for (const load of state.loads) fill(cards.get(load.id), load, state);
}

/** Show how long it is until the next decision; null where the time is not known. */
export function showCountdown(nextAt, now) {
  for (const entry of cards.values()) {
    setText(entry.next, t("next", { time: time(nextAt) }));
    const left = now === null ? t("paused") : t("nextIn", { left: countdown(nextAt - now) });
    setText(entry.left, left);
    const part = now === null ? 0 : Math.min(1, Math.max(0, 1 - (nextAt - now) / 600_000));
    entry.bar.setAttribute("width", (part * 100).toFixed(1));
  }
}

function card(id) {
  const entry = {
    name: h("span", { class: "name" }),
    verb: h("span", { class: "verb" }),
    power: h("span", { class: "power" }),
    meter: h("div", { class: "meter" }),
    warnings: h("div", { class: "warnings" }),
    why: h("p", { class: "why", "aria-live": "polite" }),
    changeTitle: h("h3"),
    change: h("p", { class: "change" }),
    chance: h("p", { class: "chance" }),
    next: h("span"),
    left: h("strong", { class: "left" }),
    bar: s("rect", { class: "passed", x: 0, y: 0, height: 3, width: 0 }),
  };
  const progress = s(
    "svg",
    { class: "progress", viewBox: "0 0 100 3", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "whole", width: 100, height: 3 }),
    entry.bar,
  );
  const changeBox = h("div", { class: "change-box" }, entry.changeTitle, entry.change, entry.chance);
  const heading = h("h2", { class: "does", id: `load-${id}` }, entry.name, entry.verb, entry.power);
  entry.changeBox = changeBox;
  entry.root = h(
    "article",
    { class: "card", "aria-labelledby": `load-${id}`, "data-load": id },
    heading,
    entry.meter,
    entry.warnings,
    entry.why,
    changeBox,
    h("div", { class: "next" }, progress, h("p", {}, entry.next, " ", entry.left)),
  );
  return entry;
}

function fill(entry, load, state) {
  const level = load.observed_level ?? load.level; // what it does, not what it should do
  const runs = level !== "off";
  entry.root.classList.toggle("is-on", runs);
  setText(entry.name, loadName(load, state.loads));
  setText(entry.verb, runs ? t("runs") : t("off"));
  setText(entry.power, runs ? t("at", { power: watts(load.power_w ?? levelPower(load, level)) }) : "");
  fillMeter(entry.meter, load, level);
  fillWarnings(entry.warnings, load);
  setText(entry.why, glued(load.short[lang()]));
  setText(entry.changeTitle, t("change"));
  setText(entry.change, load.change ? glued(load.change[lang()]) : "");
  setText(entry.chance, chanceOf(load, state));
  entry.changeBox.hidden = !load.change;
}

/** When it may change at the earliest; nothing where that is the next decision anyway. */
function chanceOf(load, state) {
  const { chance } = load;
  if (!chance) return "";
  if (chance.at === null) return chance[lang()];
  if (chance.at <= state.next_block_at) return "";
  return t(load.level === "off" ? "mayStart" : "mayStop", { time: time(chance.at) });
}

function levelPower(load, name) {
  return load.levels.find((level) => level.name === name)?.power_w ?? null;
}

/** The levels as steps, filled up to the present one. */
function fillMeter(host, load, present) {
  const reached = load.levels.findIndex((level) => level.name === present);
  const key = `${lang()} ${present} ${load.levels.length}`;
  if (host.dataset.key === key) return;
  host.dataset.key = key;
  host.hidden = load.levels.length === 0;
  const steps = load.levels.map((level, index) =>
    h(
      "li",
      {
        class: index <= reached ? "step is-filled" : "step",
        "aria-current": index === reached ? "true" : null,
      },
      h("span", { class: "step-name" }, levelName(level.name)),
      h("span", { class: "step-power" }, watts(level.power_w)),
    ),
  );
  host.replaceChildren(h("ol", { "aria-label": t("level") }, ...steps));
}

function fillWarnings(host, load) {
  const texts = [];
  const { effect } = load.decision;
  if (effect !== "acted") texts.push(t(effect));
  if (load.observed_level && load.observed_level !== load.level) {
    texts.push(t("decided", { level: levelName(load.level) }));
  }
  if (load.observed_reason && known(load.observed_reason)) texts.push(t(load.observed_reason));
  const lost = missingSignals(load.decision);
  const key = [...texts, lost].join("\n");
  if (host.dataset.key === key) return;
  host.dataset.key = key;
  const notes = texts.map((text) => h("p", { class: "warning" }, text));
  if (lost !== "") notes.push(h("p", { class: "note" }, t("degradedNote", { names: lost })));
  host.replaceChildren(...notes);
}

/** Signals for want of which a rule abstained, by name. */
function missingSignals(decision) {
  const silent = decision.votes.filter((vote) => vote.action === undefined && vote.signals);
  const names = new Set(silent.flatMap((vote) => vote.signals));
  return [...names].map((name) => (known(`signal.${name}`) ? t(`signal.${name}`) : name)).join(", ");
}
